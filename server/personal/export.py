"""Everything that is kept about a person, as one JSON file. No hash and no secret is in it, nor anything about somebody else.

It is made piece by piece from one state of the database, so that years of commands need no more memory than a page of them. It is whole
before the first piece of it is sent: whoever takes it slowly holds none of the database's few readers.
"""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from tempfile import SpooledTemporaryFile
from typing import Any, Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from server.accounts.models import FamiliarPlace, Password, Session, SignInLink, User
from server.accounts.passkeys.models import Passkey
from server.accounts.tokens.models import ApiToken
from server.audit.models import AuditRow
from server.commands.models import Command
from server.db import Database, Table
from server.favourites.models import Favourite
from server.guests.models import GuestLink
from server.invitations.models import Invitation
from server.notify.models import Notice, NoticeAddress, NoticeMute, PushSubscription
from server.schedules.models import Schedule
from server.sites.models import Member, Site

PAGE: Final = 500
PIECE_BYTES: Final = 65_536
MOST_IN_MEMORY: Final = 1_000_000
FORMAT: Final = "congtac-person/1"

_ABOUT: Final[dict[str, tuple[type[Table], str, tuple[str, ...]]]] = {
    "password": (Password, "user_id", ("login", "set_ms")),
    "sessions": (Session, "user_id", ("id", "browser", "created_ms", "seen_ms", "proved_ms", "ends_ms")),
    "sign_in_links": (SignInLink, "user_id", ("created_ms", "expires_ms", "used_ms")),
    "familiar_networks": (FamiliarPlace, "user_id", ("seen_ms",)),
    "passkeys": (Passkey, "user_id", ("id", "name", "created_ms", "used_ms", "doubted_ms")),
    "api_tokens": (ApiToken, "user_id", ("id", "name", "scopes", "site_id", "created_ms", "ends_ms", "used_ms")),
    "invitations": (
        Invitation,
        "invited_by",
        ("id", "site_id", "role", "note", "created_ms", "expires_ms", "once", "uses", "ended_ms"),
    ),
    "guest_links": (
        GuestLink,
        "made_by",
        ("id", "site_id", "name", "created_ms", "expires_ms", "longest_on_s", "last_used_ms", "ended_ms"),
    ),
    "schedules": (
        Schedule,
        "made_by",
        ("id", "site_id", "device_id", "channel", "name", "rule", "enabled", "created_ms", "changed_ms"),
    ),
    "favourites": (Favourite, "user_id", ("device_id", "channel", "since_ms")),
    "notices_not_wanted": (NoticeMute, "user_id", ("site_id", "kind")),
    "push_subscriptions": (PushSubscription, "user_id", ("id", "service", "browser", "language", "created_ms")),
    "notice_addresses": (NoticeAddress, "user_id", ("id", "shown", "language", "created_ms")),
    "notices": (Notice, "user_id", ("what", "device_id", "way", "at_ms", "made_ms", "result", "told_ms")),
}
"""Each part of the file: its table, the column that names the person, and what is told of a row."""


async def export(database: Database, user_id: str, now_ms: int) -> AsyncIterator[bytes]:
    """The file, in pieces. `now_ms`: when it was asked for."""
    with SpooledTemporaryFile(MOST_IN_MEMORY) as file:
        async for page in _made(database, user_id, now_ms):
            file.write(page)
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            yield piece


async def _made(database: Database, user_id: str, now_ms: int) -> AsyncIterator[bytes]:
    async with database.read() as session:
        parts = {"format": FORMAT, "made_ms": now_ms, **await _parts(session, user_id)}
        yield _json(parts)[:-1].encode()  # still open
        yield b', "commands": ['
        async for piece in _listed(_commands(session, f"user:{user_id}")):
            yield piece
        yield b'], "audit": ['
        async for piece in _listed(_audit(session, f"user:{user_id}")):
            yield piece
        yield b"]}\n"


async def _parts(session: AsyncSession, user_id: str) -> dict[str, Any]:
    person = (await session.exec(select(User).where(User.id == user_id))).one()
    members = select(Member, Site).join(Site).where(Member.user_id == user_id).order_by(col(Site.id))
    parts: dict[str, Any] = {
        "person": person.model_dump(),
        "memberships": [
            {"site_id": site.id, "site": site.name, "role": member.role, "since_ms": member.since_ms}
            for member, site in (await session.exec(members)).all()
        ],
    }
    for name, (table, owner, told) in _ABOUT.items():
        columns: Any = table.__table__.columns  # type: ignore[attr-defined]
        rows = (
            await session.exec(select(table).where(columns[owner] == user_id).order_by(*columns[owner].table.primary_key))
        ).all()
        parts[name] = [{field: getattr(row, field) for field in told} for row in rows]
    return parts


async def _commands(session: AsyncSession, actor: str) -> AsyncIterator[list[dict[str, Any]]]:
    after = ""
    while True:
        wanted = select(Command).where(Command.actor_id == actor, Command.id > after).order_by(col(Command.id)).limit(PAGE)
        rows = (await session.exec(wanted)).all()
        yield [row.model_dump() for row in rows]
        if len(rows) < PAGE:
            return
        after = rows[-1].id
        session.expunge_all()


async def _audit(session: AsyncSession, actor: str) -> AsyncIterator[list[dict[str, Any]]]:
    after = 0
    while True:
        wanted = select(AuditRow).where(AuditRow.actor == actor, AuditRow.seq > after).order_by(col(AuditRow.seq)).limit(PAGE)
        rows = (await session.exec(wanted)).all()
        yield [row.model_dump(exclude={"hash", "facts"}) | {"facts": json.loads(row.facts or "{}")} for row in rows]
        if len(rows) < PAGE:
            return
        after = rows[-1].seq
        session.expunge_all()


async def _listed(pages: AsyncIterator[Sequence[dict[str, Any]]]) -> AsyncIterator[bytes]:
    first = True
    async for page in pages:
        if page:
            yield ("" if first else ", ").encode() + _joined(page)
            first = False


def _joined(rows: Iterable[dict[str, Any]]) -> bytes:
    return ", ".join(_json(row) for row in rows).encode()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
