"""Places with devices, and the roles of people there. The routes are in `routes`, which needs `accounts`; this does not."""

from server.sites.models import Member, Role, Site
from server.sites.sites import Sites

__all__ = ["Member", "Role", "Site", "Sites"]
