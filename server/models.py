"""All tables in one place: importing this module fills `Table.metadata`, which migrations are checked against.

A new domain adds its line here, and a migration in `server/migrations/versions`.
"""

from server.accounts.models import Attempts, FamiliarPlace, Password, Session, SignInLink, User
from server.accounts.passkeys.models import Passkey, SpentChallenge
from server.accounts.tokens.models import ApiToken
from server.audit.models import AuditRow
from server.commands.models import Command
from server.db import Table
from server.db.facts import Fact
from server.devices.models import ChannelReport, ChannelSetting, Device, Enrolment, JournalMark, PresenceChange
from server.favourites.models import Favourite
from server.guests.models import GuestLink, GuestSession
from server.history.models import EventRow
from server.invitations.models import Invitation
from server.notify.models import Notice, NoticeAddress, NoticeMute, PushSubscription, ToldOutage
from server.readings.models import ReadingNow, ReadingRow
from server.schedules.models import Schedule
from server.sites.models import Member, Site

TABLES = (
    Fact,
    User,
    SignInLink,
    Session,
    Password,
    FamiliarPlace,
    Attempts,
    Site,
    Member,
    ApiToken,
    Invitation,
    GuestLink,
    GuestSession,
    Passkey,
    SpentChallenge,
    Device,
    Enrolment,
    ChannelReport,
    ChannelSetting,
    JournalMark,
    PresenceChange,
    Command,
    EventRow,
    Schedule,
    Favourite,
    ReadingRow,
    ReadingNow,
    AuditRow,
    NoticeMute,
    PushSubscription,
    NoticeAddress,
    Notice,
    ToldOutage,
)
metadata = Table.metadata

__all__ = ["TABLES", "metadata"]
