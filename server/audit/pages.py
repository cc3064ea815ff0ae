"""The trail as a page. What it is narrowed to stands in its address, so that it can be kept and sent."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from server.accounts import Asking, Principal
from server.audit.reading import Reader
from server.audit.routes import Before
from server.audit.search import sift_rows
from server.audit.wanted import KINDS_OF_ACTORS, RESULTS, Span, Wanted
from server.clock import now_ms
from server.http import pages_of
from server.switchboard import switchboard
from server.web.activity import KINDS, kind_of
from server.zones import zone_of

router = APIRouter(include_in_schema=False)

PAGE_ROWS: Final = 30
LONGEST: Final = 80


class Asked(BaseModel):
    """The form's fields, as they came. What is none of those that can be chosen counts as not chosen."""

    who: str = Field(default="", max_length=LONGEST)
    device: str = Field(default="", max_length=LONGEST)
    kind: str = Field(default="", max_length=LONGEST)
    result: str = Field(default="", max_length=LONGEST)
    since: str = Field(default="", max_length=LONGEST)
    until: str = Field(default="", max_length=LONGEST)


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen: people and devices with their names. `timezone`: in which days are counted."""

    people: dict[str, str]
    actors: tuple[str, ...]
    devices: dict[str, str]
    timezone: str
    kinds: tuple[str, ...] = KINDS
    results: tuple[str, ...] = RESULTS

    def chosen(self, asked: Asked) -> dict[str, str]:
        """Field by field what was chosen of what there is; nothing is left out but what is empty."""
        allowed = {
            "who": {*self.people, *self.actors},
            "device": set(self.devices),
            "kind": set(self.kinds),
            "result": set(self.results),
        }
        fields = {name: value for name, value in asked.model_dump().items() if value in allowed.get(name, ())}
        days = {name: str(day) for name in ("since", "until") if (day := _day(getattr(asked, name)))}
        return {**fields, **days}

    def wanted(self, chosen: dict[str, str]) -> Wanted:
        """What that asks of the trail; the last day is wanted too."""
        since, until = _day(chosen.get("since", "")), _day(chosen.get("until", ""))
        span = Span(
            None if since is None else self._begins_ms(since),
            None if until is None else self._begins_ms(until + timedelta(days=1)),
        )
        return Wanted(chosen.get("who", ""), chosen.get("device", ""), chosen.get("kind", ""), chosen.get("result", ""), span)

    def _begins_ms(self, day: date) -> int:
        return int(datetime.combine(day, time(), zone_of(self.timezone)).timestamp() * 1000)


@router.get("/activity")
async def activity(request: Request, principal: Asking, asked: Annotated[Asked, Query()], before: Before = None) -> Response:
    """Who did what, narrowed as the form asks."""
    state = request.app.state
    await state.trail.written()
    async with state.database.read() as session:
        reader = await Reader.of(session, principal)
        choices = _choices(request, reader)
        chosen = choices.chosen(asked)
        wanted = choices.wanted(chosen)
        found = await sift_rows(
            *(session, PAGE_ROWS, lambda row: wanted.holds(row, kind_of)),
            actor=reader.actor,
            site_ids=reader.owned,
            before=before,
            clauses=wanted.clauses(reader.names),
        )
    return pages_of(request).render(
        request,
        "audit.html",
        viewer=principal,
        rows=[reader.out(row) for row in found.rows],
        older=address(chosen, before=found.before) if found.before else None,
        choices=choices,
        chosen=chosen,
        field={name: chosen.get(name, "") for name in Asked.model_fields},
        without={name: address({key: value for key, value in chosen.items() if key != name}) for name in chosen},
        things=_things(request, principal),
        now_ms=now_ms(),
        back=address(chosen),
    )


def address(chosen: dict[str, str], before: int | None = None) -> str:
    """Where the page is with these choices."""
    query = urlencode({**chosen, **({"before": str(before)} if before else {})})
    return f"/activity?{query}" if query else "/activity"


def _things(request: Request, principal: Principal) -> dict[str, Any]:
    return {device.id: device for device in switchboard(request).registry if principal.may_see(device.site_id)}


def _choices(request: Request, reader: Reader) -> Choices:
    """Who owns nothing reads of nobody else, and has nobody to choose."""
    sites = switchboard(request).sites
    zones = [str(site["timezone"]) for site_id, site in sites.items() if reader.principal.may_see(site_id)]
    people = {f"user:{person}": name for person, name in sorted(reader.names.items(), key=lambda it: it[1])}
    devices = sorted(_things(request, reader.principal).values(), key=lambda device: device.name)
    return Choices(
        people if reader.owned else {},
        KINDS_OF_ACTORS if reader.owned else (),
        {device.id: device.name for device in devices},
        zones[0] if zones else request.app.state.settings.timezone,
    )


def _day(text: str) -> date | None:
    """The day of `2026-07-28`, None for what is none, or where no day follows."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if date(1971, 1, 1) <= day <= date(9000, 1, 1) else None
