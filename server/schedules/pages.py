"""The pages of schedules: all of them, those of a place, and the form with its preview. Everything works without scripts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import ImmutableMultiDict

from protocol.schedules.local import day_of, moment_ms
from protocol.schedules.preview import Finding, Preview
from server.accounts import Asking, Principal
from server.audit import note
from server.clock import now_ms
from server.errors import Problem
from server.http import pages_of, with_page
from server.ids import hashed
from server.schedules import words
from server.schedules.access import must_be_switchable, must_operate, schedules_of
from server.schedules.form import KINDS, Read, Typed, read, typed_from, typed_of
from server.schedules.planning import UNKEPT, planned
from server.schedules.schedules import ScheduleNow, Where, unknown_schedule
from server.schedules.shown import outputs_of, place_rows
from server.schedules.week import Day, week
from server.sites.access import At, at_site, sites_of
from server.sites.pages import Slug
from server.switchboard import switchboard

router = APIRouter(include_in_schema=False)

ScheduleId = Annotated[str, Path(max_length=16)]
Back = Annotated[str, Form(max_length=500)]
SENT: Final = "sent"
DAY_MS: Final = 86_400_000
DAYS: Final = 7


@router.get("/schedules")
async def all_places(request: Request, asking: Asking) -> Response:
    """The schedules of all one's places."""
    return await _list(request, asking, None)


@router.get("/sites/{slug}/schedules")
async def one_place(request: Request, asking: Asking, slug: Slug) -> Response:
    """Those of one place."""
    return await _list(request, asking, await at_site(request, asking, slug=slug))


@router.get("/sites/{slug}/schedules/new")
async def new(request: Request, asking: Asking, slug: Slug) -> Response:
    """The form for a further one, with its preview once it was filled in."""
    at = await _operator_at(request, asking, slug)
    return await _show(request, _Asked(at, None, _texts(request.query_params), await _blank(request, at)))


@router.post("/sites/{slug}/schedules")
async def make(request: Request, asking: Asking, slug: Slug) -> Response:
    """Keep it, if it is what was previewed."""
    at = await _operator_at(request, asking, slug)
    return await _keep(request, _Asked(at, None, await _form(request), await _blank(request, at)))


@router.get("/sites/{slug}/schedules/{schedule_id}")
async def change(request: Request, asking: Asking, slug: Slug, schedule_id: ScheduleId) -> Response:
    """The form of one that there is."""
    at, kept = await _kept_at(request, asking, slug, schedule_id)
    return await _show(request, _Asked(at, kept, _texts(request.query_params), await _filled(request, at, kept)))


@router.post("/sites/{slug}/schedules/{schedule_id}")
async def replace(request: Request, asking: Asking, slug: Slug, schedule_id: ScheduleId) -> Response:
    """Keep the change, if it is what was previewed."""
    at, kept = await _kept_at(request, asking, slug, schedule_id)
    return await _keep(request, _Asked(at, kept, await _form(request), await _filled(request, at, kept)))


@router.post("/sites/{slug}/schedules/{schedule_id}/enabled")
async def enable(
    request: Request,
    asking: Asking,
    slug: Slug,
    schedule_id: ScheduleId,
    enabled: Annotated[bool, Form()] = False,
    back: Back = "",
) -> Response:
    """Have it hold, or not."""
    at, kept = await _kept_at(request, asking, slug, schedule_id)
    note(request, device_id=kept.device_id, channel=kept.rule.channel)
    await schedules_of(request).enable(kept.id, enabled=enabled, by=asking.user_id)
    return _back(at, kept.id, back)


@router.post("/sites/{slug}/schedules/{schedule_id}/delete")
async def delete(request: Request, asking: Asking, slug: Slug, schedule_id: ScheduleId, back: Back = "") -> Response:
    """Delete it, for good. The page has asked whether that is meant."""
    at, kept = await _kept_at(request, asking, slug, schedule_id)
    note(request, device_id=kept.device_id, channel=kept.rule.channel)
    await schedules_of(request).delete(kept.id, by=asking.user_id)
    return RedirectResponse(_path(at, back), 303)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A form that came: at which place, for which schedule (None: a new one), with what, and what it began with."""

    at: At
    kept: ScheduleNow | None
    values: Mapping[str, list[str]]
    blank: Typed

    def typed(self, *, sent: bool) -> Typed:
        """What stands in it now. A button for another kind (`go`) keeps all the rest."""
        go = self.values.get("go", [])
        return typed_of({**self.values, "kind": go} if go and go[-1] in KINDS else self.values, self.blank, sent=sent)

    @property
    def path(self) -> str:
        """Where the form is sent to be kept."""
        below = f"/{self.kept.id}" if self.kept else ""
        return f"/sites/{self.at.site.slug}/schedules{below}"


async def _list(request: Request, who: Principal, at: At | None) -> Response:
    sites = [at.site] if at else await sites_of(request).find(who.roles)
    kept = await schedules_of(request).of_sites(site.id for site in sites)
    registry, now = switchboard(request).registry, now_ms()
    places = [place_rows(site, kept, registry, now, may_edit=who.may_command(site.id)) for site in sites]
    return pages_of(request).render(request, "schedules.html", viewer=who, at=at, places=places, say=words, now_ms=now)


async def _show(request: Request, asked: _Asked) -> Response:
    """The form: as it begins, or with what was typed and its preview."""
    sent = SENT in asked.values
    typed = asked.typed(sent=sent)
    tried = sent and "go" not in asked.values
    return await _page(request, asked, _checked(request, asked, read(typed)) if tried else Read(typed, None, "", {}), tried)


async def _keep(request: Request, asked: _Asked) -> Response:
    found = _checked(request, asked, read(asked.typed(sent=True)))
    if found.deed is None:
        return await _refused(request, asked, found, Problem(422, "not_valid"))
    if asked.values.get("seen") != [digest(found)]:
        return await _page(request, asked, found, tried=True, changed="seen" in asked.values)
    device_id, by, kept = found.typed.channel[0], asked.at.who.user_id, schedules_of(request)
    note(request, device_id=device_id, channel=found.deed.channel)
    if asked.kept is not None:
        await kept.replace(asked.kept.id, found.deed, name=found.name, enabled=asked.kept.enabled, by=by)
        return _back(asked.at, asked.kept.id)
    try:
        made = await kept.add(asked.at.site.id, device_id, found.deed, name=found.name, enabled=True, by=by)
    except Problem as problem:
        if problem.code != "too_many_schedules":
            raise
        return await _refused(request, asked, Read(found.typed, None, found.name, {"thing": "many"}), problem)
    return _back(asked.at, made.id)


async def _refused(request: Request, asked: _Asked, found: Read, problem: Problem) -> Response:
    """The form again, with all that was typed, and what is wrong beside each field."""
    return with_page(request, problem, await _page(request, asked, found, tried=True, status_code=problem.status))


async def _page(
    request: Request, asked: _Asked, found: Read, tried: bool, *, changed: bool = False, status_code: int = 200
) -> Response:
    preview = await _preview(request, asked, found) if found.deed is not None else None
    return pages_of(request).render(
        request,
        "schedule_form.html",
        status_code=status_code,
        viewer=asked.at.who,
        at=asked.at,
        kept=asked.kept,
        path=asked.path,
        outputs=[
            (device, [it for it in outputs if asked.kept is None or device.id == asked.kept.device_id])
            for device, outputs in outputs_of(switchboard(request).registry, asked.at.site.id)
        ],
        typed=found.typed,
        wrong=found.wrong,
        tried=tried,
        changed=changed,
        preview=preview,
        deed=found.deed,
        seen=digest(found) if found.deed is not None else "",
        say=words,
        back=f"/sites/{asked.at.site.slug}/schedules",
    )


@dataclass(frozen=True, slots=True)
class _Looked:
    """A preview as the page shows it."""

    found: Preview
    days: list[Day]
    where: Where
    channels: Mapping[str, str]
    rules: Mapping[str, ScheduleNow]

    @property
    def own(self) -> bool:
        """Whether the rule that is being made acts at all."""
        return any(run.rule == UNKEPT for run in self.found.runs)

    @property
    def until_ms(self) -> int:
        """Where the days end that were to be looked at."""
        return moment_ms(day_of(self.found.since_ms, self.where.zone) + timedelta(days=DAYS), "00:00", self.where.zone)

    def called(self, t: words.Says) -> Mapping[str, str]:
        """By id, what each rule is called beside the others: by its name, else by what it says."""
        others = {it.id: t("plan.quoted", rule=it.name or words.sentence(it.rule, t)) for it in self.rules.values()}
        return {UNKEPT: t("plan.this"), **others}

    @property
    def findings(self) -> list[Finding]:
        """What speaks against the rule that is being made."""
        return [it for it in self.found.findings if UNKEPT in it.rules]


async def _preview(request: Request, asked: _Asked, found: Read) -> _Looked:
    assert found.deed is not None  # noqa: S101 (asked where there is one)
    device = switchboard(request).registry.get(found.typed.channel[0])
    assert device is not None  # noqa: S101 (checked before)
    kept = await schedules_of(request).of_device(device.id)
    where, replaces = Where.of(asked.at.site), asked.kept.id if asked.kept else None
    looked = planned(kept, found.deed, replaces, device, where, now_ms(), DAYS)
    channels = {it.about.id: it.name for it in device.channels.values()}
    days = week(looked, found.deed.channel, where)
    return _Looked(looked, days, where, channels, {it.id: it for it in kept})


def digest(found: Read) -> str:
    """What is shown in a preview, in short: only that is kept which was looked at."""
    rule = found.deed.model_dump_json() if found.deed else ""
    return hashed(f"{found.typed.thing}\n{found.name}\n{rule}")[:16]


def _checked(request: Request, asked: _Asked, found: Read) -> Read:
    """The same, unless there is nothing of that name to switch at the place. A schedule stays with its device."""
    device_id, channel = found.typed.channel
    device = switchboard(request).registry.get(device_id)
    try:
        if device is None or device.site_id != asked.at.site.id or (asked.kept and asked.kept.device_id != device_id):
            raise Problem(422, "not_switchable")
        must_be_switchable(device, channel)
    except Problem:
        return Read(found.typed, None, found.name, {**found.wrong, "thing": "thing"})
    return found


async def _operator_at(request: Request, who: Principal, slug: str) -> At:
    at = await at_site(request, who, slug=slug)
    must_operate(who, at.site.id)
    return at


async def _kept_at(request: Request, who: Principal, slug: str, schedule_id: str) -> tuple[At, ScheduleNow]:
    at = await at_site(request, who, slug=slug)
    kept = await schedules_of(request).find(schedule_id)
    if kept is None or kept.site_id != at.site.id:
        raise unknown_schedule()
    must_operate(who, at.site.id)
    return at, kept


async def _form(request: Request) -> dict[str, list[str]]:
    """All texts of a form, by field. A file is none."""
    async with request.form() as form:
        return _texts(form)


def _texts(sent: ImmutableMultiDict[str, Any]) -> dict[str, list[str]]:
    found = {name: [text for text in sent.getlist(name) if isinstance(text, str)] for name in sent}
    return {name: texts for name, texts in found.items() if texts}


async def _blank(request: Request, at: At) -> Typed:
    """What a new form begins with: the first thing there is, and tomorrow."""
    first = next((it.thing for _, outputs in outputs_of(switchboard(request).registry, at.site.id) for it in outputs), "")
    return Typed(thing=first, date=day_of(now_ms() + DAY_MS, Where.of(at.site).zone).isoformat())


async def _filled(request: Request, at: At, kept: ScheduleNow) -> Typed:
    return typed_from(kept.rule, kept.device_id, kept.name, await _blank(request, at))


def _back(at: At, schedule_id: str, back: str = "") -> RedirectResponse:
    return RedirectResponse(f"{_path(at, back)}#s-{schedule_id}", 303)


def _path(at: At, back: str) -> str:
    """The list that it was done on: of this place, or of all of them."""
    return "/schedules" if back == "/schedules" else f"/sites/{at.site.slug}/schedules"
