"""Places with devices, and who may do what there."""

from enum import StrEnum

from sqlmodel import Field

from protocol.schedules.rules import LANG_SON
from server.db import Table, millis


class Role(StrEnum):
    """What a member may do at a site. An owner also decides who else is a member."""

    OWNER = "owner"
    OPERATOR = "operator"
    VIEWER = "viewer"

    @property
    def may_command(self) -> bool:
        """Whether this role may switch things."""
        return self in (Role.OWNER, Role.OPERATOR)

    @property
    def may_manage(self) -> bool:
        """Whether this role may add and remove devices and members."""
        return self is Role.OWNER

    def is_at_least(self, other: "Role") -> bool:
        """Whether this role may do all that the other may."""
        ranks = [Role.VIEWER, Role.OPERATOR, Role.OWNER]
        return ranks.index(self) >= ranks.index(other)


class Site(Table, table=True):
    """A place: its devices share a name, members, a time zone (IANA), and by its degrees (north and east positive) the sun.

    `tariff_vnd_kwh`: what a kWh costs there, if anybody said.
    """

    id: str = Field(primary_key=True, max_length=32)
    slug: str = Field(unique=True, max_length=32)
    name: str = Field(max_length=80)
    timezone: str = Field(max_length=64)
    tariff_vnd_kwh: int | None = Field(default=None)
    created_ms: int = millis()
    latitude: float = Field(default=LANG_SON.latitude, sa_column_kwargs={"server_default": "21.85"})
    longitude: float = Field(default=LANG_SON.longitude, sa_column_kwargs={"server_default": "106.76"})


class Member(Table, table=True):
    """A person's role at a site. `role` holds a Role's value."""

    site_id: str = Field(primary_key=True, foreign_key="site.id", ondelete="CASCADE", max_length=32)
    user_id: str = Field(primary_key=True, foreign_key="person.id", ondelete="CASCADE", index=True, max_length=32)
    role: str = Field(max_length=16)
    since_ms: int = millis()
