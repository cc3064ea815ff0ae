"""What one reader may see of the trail: an owner what happened at the own sites, everybody what they did themselves."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts import Principal
from server.accounts.models import User
from server.audit.models import AuditRow
from server.audit.wanted import ELSEWHERE
from server.sites.models import Member


class AuditOut(BaseModel):
    """What somebody did, or was not let do. `status` as in HTTP, `reason` the code of a refusal; `name` is null for who has left."""

    seq: int
    at_ms: int
    actor: str
    name: str | None
    address: str | None
    what: str
    status: int
    reason: str | None
    site_id: str | None
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose own deeds these are (`actor`, None for a token), which sites are theirs, and the people whom they may tell apart."""

    principal: Principal
    actor: str | None
    owned: list[str]
    names: Mapping[str, str]

    @classmethod
    async def of(cls, session: AsyncSession, principal: Principal) -> "Reader":
        """What a principal may read."""
        owned = [site_id for site_id in principal.roles if principal.may_manage(site_id)]
        members = select(User.id, User.name).join(Member, col(Member.user_id) == col(User.id))
        names = dict((await session.exec(members.where(col(Member.site_id).in_(owned)))).all())
        actor = principal.actor if principal.token_id is None else None
        return cls(principal, actor, owned, {**names, principal.user_id: principal.name})

    def out(self, row: AuditRow) -> AuditOut:
        """The row for this reader: people who are not of the reader's sites are not told apart, and other sites do not exist."""
        kind, _, person_id = row.actor.partition(":")
        known = kind != "user" or person_id in self.names
        return AuditOut(
            **row.model_dump(exclude={"actor", "facts", "hash", "site_id"}),
            actor=row.actor if known else ELSEWHERE,
            site_id=row.site_id if row.site_id is not None and self.principal.may_see(row.site_id) else None,
            name=self.names.get(person_id) if kind == "user" else None,
            facts=json.loads(row.facts or "{}"),
        )
