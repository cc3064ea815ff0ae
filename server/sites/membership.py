"""The rules of membership, each decided inside the write transaction: what two people do at once, happens one after the other.

Whoever calls these has a session of the writer's. Where several servers share a database, the site's row is the lock.
"""

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.errors import Problem
from server.sites.models import Member, Role, Site


def owners_only() -> Problem:
    """The answer to a member who is no owner."""
    return Problem(403, "owners_only", "Only owners may do this", "Ask an owner of this place.")


def unknown_site() -> Problem:
    """The answer to who is no member, and where there is no such site."""
    return Problem(404, "unknown_site", "There is no such place", "It may have been removed, or be somebody else's.")


async def must_own(session: AsyncSession, site_id: str, user_id: str) -> None:
    """Hold the site, and make sure that this person still owns it. Raises Problem 403, or 404 for who is no member any more."""
    await session.exec(select(Site.id).where(Site.id == site_id).with_for_update())
    member = await session.get(Member, (site_id, user_id))
    if member is None:
        raise unknown_site()
    if member.role != Role.OWNER:
        raise owners_only()


async def change_role(session: AsyncSession, site_id: str, user_id: str, role: Role | None) -> bool:
    """Give a member another role, or with None take it away; whether they were an owner.

    Raises Problem 404, or 409 where no owner would be left.
    """
    await session.exec(select(Site.id).where(Site.id == site_id).with_for_update())
    member = await session.get(Member, (site_id, user_id))
    if member is None:
        raise Problem(404, "unknown_member", "There is no such member", "They may have left. Load the list again.")
    owned = member.role == Role.OWNER
    if owned and role is not Role.OWNER and await _owners(session, site_id) == 1:
        raise Problem(
            409,
            "last_owner",
            "A place needs an owner",
            "This is the last one. Make somebody else an owner first.",
        )
    if role is None:
        await session.delete(member)
    else:
        member.role = role
        session.add(member)
    await session.flush()
    return owned


async def admit(session: AsyncSession, site_id: str, user_id: str, role: Role, now_ms: int) -> bool:
    """Make a person a member with at least that role; False, with nothing done, where they may do as much already."""
    member = await session.get(Member, (site_id, user_id))
    if member is not None and Role(member.role).is_at_least(role):
        return False
    await session.merge(Member(site_id=site_id, user_id=user_id, role=role, since_ms=member.since_ms if member else now_ms))
    return True


async def _owners(session: AsyncSession, site_id: str) -> int:
    owners = select(func.count()).select_from(Member).where(col(Member.site_id) == site_id, col(Member.role) == Role.OWNER)
    return (await session.exec(owners)).one()
