"""Which rows of the trail somebody asks for, and which part of that the database can tell. Pure."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col

from server.audit.models import AuditRow

ELSEWHERE: Final = "elsewhere"
KINDS_OF_ACTORS: Final = ("guest", "device", "admin", "anonymous", ELSEWHERE)
RESULTS: Final = ("done", "refused", "failed")


class Span(NamedTuple):
    """From `since_ms` up to and without `until_ms`; None: without end."""

    since_ms: int | None = None
    until_ms: int | None = None


ALWAYS: Final = Span()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader wants to see; what is empty does not matter.

    `who`: an actor, such as `user:ID`, or one of KINDS_OF_ACTORS, of which `elsewhere` is everybody who is not known to the reader.
    `result`: one of RESULTS. `kind` and `device_id` cannot be asked of the database: `holds` looks at each row.
    """

    who: str = ""
    device_id: str = ""
    kind: str = ""
    result: str = ""
    span: Span = ALWAYS

    def clauses(self, known: Collection[str]) -> list[ColumnElement[bool]]:
        """What the database can tell. `known`: the ids of the people whom the reader may tell apart."""
        found = [_by(self.who, known)] if self.who else []
        status, at_ms = col(AuditRow.status), col(AuditRow.at_ms)
        ranges = {
            "done": and_(status >= 100, status < 400),
            "refused": or_(status < 100, and_(status >= 400, status < 500)),
            "failed": status >= 500,
        }
        found += [ranges[self.result]] if self.result else []
        found += [at_ms >= self.span.since_ms] if self.span.since_ms is not None else []
        return found + ([at_ms < self.span.until_ms] if self.span.until_ms is not None else [])

    def holds(self, row: AuditRow, kind_of: Callable[[str], str]) -> bool:
        """Whether a row that the clauses let through is wanted."""
        return self.kind in ("", kind_of(row.what)) and (not self.device_id or f'"device_id":"{self.device_id}"' in row.facts)


def _by(who: str, known: Collection[str]) -> ColumnElement[bool]:
    actor = col(AuditRow.actor)
    if who == ELSEWHERE:
        return and_(actor.startswith("user:", autoescape=True), actor.not_in([f"user:{person}" for person in known]))
    if who in KINDS_OF_ACTORS:
        return or_(actor == who, actor.startswith(f"{who}:", autoescape=True))
    return actor == who
