"""All tables in one place: importing this module fills `Table.metadata`, which migrations are checked against.

A new domain adds its line here, and a migration in `server/migrations/versions`.
"""

from server.accounts.models import Session, SignInLink, User
from server.db import Table
from server.db.facts import Fact
from server.sites.models import Member, Site

TABLES = (Fact, User, SignInLink, Session, Site, Member)
metadata = Table.metadata

__all__ = ["TABLES", "metadata"]
