"""What the first start makes, since there is no default account: an owner with a site, and a link that lets the owner in once."""

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts import Accounts
from server.accounts.models import User
from server.db import Database
from server.settings import Settings
from server.sites import Member, Role, Sites

FIRST_SITE = "nha"


async def first_start(settings: Settings, database: Database, accounts: Accounts, sites: Sites) -> str | None:
    """The token of the owner's first sign-in link; None, with nothing done, when there is somebody already."""

    async def make(session: AsyncSession) -> str | None:
        if (await session.exec(select(User.id).limit(1))).first() is not None:
            return None
        owner = accounts.add_person(session, settings.owner_name)
        site = sites.found(session, FIRST_SITE, settings.site_name, settings.timezone)
        await session.flush()
        session.add(Member(site_id=site.id, user_id=owner.id, role=Role.OWNER, since_ms=owner.created_ms))
        return owner.id

    owner_id = await database.writer.run(make)
    return None if owner_id is None else await accounts.make_link(owner_id)
