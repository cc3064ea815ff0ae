"""A person's, a program's or a guest's wish on its way to the desk."""

from dataclasses import replace

from server.accounts import Grants, Principal
from server.commands.keys import DuplicateKey
from server.commands.record import CommandRecord
from server.commands.search import find_by_key
from server.commands.wish import Actor, Wish
from server.errors import Problem
from server.switchboard import Switchboard


async def issue(board: Switchboard, principal: Principal, wish: Wish) -> CommandRecord:
    """Have a wish done, as far as a guest's link lets; a key that was used before gives the command that it made. Raises Problem."""
    actor = Actor(principal.actor, principal.known_as)
    wish = wish if principal.guest is None else _within(principal.guest, wish)
    try:
        if wish.idempotency_key is not None:
            first = await _made_before(board, actor.id, wish.idempotency_key)
            if first is not None:
                return _same(first, wish)
        return await board.desk.issue(actor, wish)
    except DuplicateKey as twice:
        first = await _made_before(board, actor.id, twice.key)
        if first is None:
            raise Problem(409, "try_again", "Try again", "The first request with this key is not finished.") from None
        return _same(first, wish)


def _within(guest: Grants, wish: Wish) -> Wish:
    """A guest's wish: an ON ends by itself, and nothing is done after the link's end."""
    for_s = min(wish.for_s or guest.longest_on_s, guest.longest_on_s) if wish.on else None
    return replace(wish, for_s=for_s, before_ms=guest.until_ms)


async def _made_before(board: Switchboard, actor_id: str, key: str) -> CommandRecord | None:
    command_id = await board.desk.made_by_key(actor_id, key)
    known = board.desk.get(command_id) if command_id else None
    if known is not None:
        return known
    async with board.database.read() as session:
        found = await find_by_key(session, actor_id, key)
    return None if found is None else board.desk.get(found.id) or found


def _same(first: CommandRecord, wish: Wish) -> CommandRecord:
    if (first.device_id, first.channel, first.on, first.for_s) != (
        wish.device_id,
        wish.channel,
        wish.on,
        wish.for_s if wish.on else None,
    ):
        raise Problem(422, "key_reused", "This key was used for something else", "Make a new Idempotency-Key for a new command.")
    return first
