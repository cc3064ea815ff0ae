"""The members of a site, as the list shows them."""

from dataclasses import dataclass

from sqlmodel import col, select

from server.accounts.models import User
from server.db import Database
from server.sites.models import Member, Role


@dataclass(frozen=True, slots=True)
class MemberNow:
    """A member: who, with which role, since when."""

    user_id: str
    name: str
    role: Role
    since_ms: int


async def members_of(database: Database, site_id: str) -> list[MemberNow]:
    """Owners first, viewers last, each by name."""
    wanted = select(Member, User.name).join(User, col(User.id) == col(Member.user_id)).where(Member.site_id == site_id)
    async with database.read() as session:
        rows = (await session.exec(wanted)).all()
    found = [MemberNow(member.user_id, name, Role(member.role), member.since_ms) for member, name in rows]
    return sorted(found, key=lambda member: (list(Role).index(member.role), member.name.casefold(), member.user_id))
