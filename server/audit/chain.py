"""The chain: each row's hash covers the row and the hash before it, with a key that the database does not hold. Pure.

Without the key nobody can make a row that fits: not a new one, not an altered one, not one in another place.
"""

import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any, Final, Protocol

GENESIS: Final = "0" * 64
_encode: Final = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened: who (`actor`), from where, what, when, and how it ended (`status` as in HTTP, `reason` the word of a refusal).

    `facts` is a JSON object as text: what is hashed is what is stored.
    """

    at_ms: int
    actor: str
    address: str | None
    what: str
    status: int
    reason: str | None
    site_id: str | None
    facts: str


@dataclass(frozen=True, slots=True)
class Link:
    """A place in the chain: the row with this number has this hash. Number 0: before the first row."""

    seq: int
    hash: str


START: Final = Link(0, GENESIS)
_TOLD: Final = tuple(field.name for field in fields(Entry))


class Row(Protocol):
    """An entry with its place and its hash, as the table has it."""

    seq: int
    at_ms: int
    actor: str
    address: str | None
    what: str
    status: int
    reason: str | None
    site_id: str | None
    facts: str
    hash: str


def link_after(key: bytes, before: Link, entry: Entry) -> Link:
    """Where an entry stands that is put after that link."""
    seq = before.seq + 1
    return Link(seq, _hash(key, before.hash, seq, entry))


def row_of(link: Link, entry: Entry) -> dict[str, Any]:
    """The columns of an entry at its place."""
    return {"seq": link.seq, **{name: getattr(entry, name) for name in _TOLD}, "hash": link.hash}


def seal(key: bytes, cut: Link) -> str:
    """What vouches for a cut: the rows up to this link were taken away by the server, and not by somebody else."""
    return hmac.digest(key, f"cut\n{cut.seq}\n{cut.hash}".encode(), "sha256").hex()


def _hash(key: bytes, before: str, seq: int, entry: Entry | Row) -> str:
    told = (seq, entry.at_ms, entry.actor, entry.address, entry.what, entry.status, entry.reason, entry.site_id, entry.facts)
    return hmac.digest(key, f"row\n{before}\n{_encode(told)}".encode(), "sha256").hex()


@dataclass(frozen=True, slots=True)
class Fault:
    """Rows `first` to `last` are not what was written: `removed`, or `altered` (which includes having another's place)."""

    first: int
    last: int
    how: str

    def __str__(self) -> str:
        which = f"row {self.first} was" if self.first == self.last else f"rows {self.first} to {self.last} were"
        return f"{which} {self.how}"


def faults(key: bytes, after: Link, rows: Iterable[Row], known: Iterable[Link]) -> Iterator[Fault]:
    """What is wrong with the rows that follow a link, by number. `known`: links that were noted elsewhere, and must be met.

    A row is measured by the hash that stands in the row before it, so that one that was altered does not blame all that follow.
    """
    wanted = {link.seq: link.hash for link in known if link.seq > after.seq}
    last, altered = after, None
    for row in rows:
        if row.seq != last.seq + 1:
            yield Fault(last.seq + 1, row.seq - 1, "removed")
        fits = row.seq != last.seq + 1 or hmac.compare_digest(_hash(key, last.hash, row.seq, row), row.hash)
        if not fits or wanted.get(row.seq, row.hash) != row.hash:
            altered = Fault(altered.first if altered else row.seq, row.seq, "altered")
        elif altered:
            yield altered
            altered = None
        last = Link(row.seq, row.hash)
    if altered:
        yield altered
    end = max(wanted, default=0)
    if end > last.seq:
        yield Fault(last.seq + 1, end, "removed from the end")
