"""A person's choices and ways over HTTP: plain forms, but for a browser's own subscription, which only scripts can make."""

from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from server.accounts.asking import ACCOUNT, InPerson, Proven
from server.accounts.browsers import browser_of
from server.accounts.principal import Principal
from server.audit import note
from server.errors import Problem
from server.http import pages_of
from server.notify.kinds import Kind
from server.notify.messengers import SERVICES
from server.notify.models import Notice, PushSubscription
from server.notify.notices import Notices
from server.notify.outcome import Result
from server.notify.places import LONGEST_ENDPOINT, NotAllowed
from server.notify.push import Browser
from server.notify.says import say
from server.notify.store import Letter, way_of
from server.settings import Settings
from server.web.i18n import language_of, words_in

router = APIRouter(include_in_schema=False)

PATH: Final = f"{ACCOUNT}/notifications"
MOST_CHOICES: Final = 500

Word = Annotated[str, Field(max_length=200)]


class Keys(BaseModel):
    """A subscription's keys, base64url: a point of P-256, and 16 bytes."""

    p256dh: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{86,88}=*$", max_length=90)]
    auth: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{22}=*$", max_length=26)]


class Endpoint(BaseModel):
    """Where a browser is reached."""

    endpoint: Annotated[str, Field(max_length=LONGEST_ENDPOINT)]


class SubscriptionIn(Endpoint):
    """What a browser's `PushSubscription.toJSON()` gives."""

    keys: Keys


def notices_of(request: Request) -> Notices:
    """The notices of the application that this request came to."""
    return cast("Notices", request.app.state.notices)


async def shown(request: Request, person: Principal) -> dict[str, Any]:
    """What the section of the account page shows."""
    notices = notices_of(request)
    mutes, ways = await notices.store.mutes(person.user_id), await notices.store.ways(person.user_id)
    named = {way_of(way): _name(way) for way in ways}
    t = words_in(language_of(request))
    sites = [site for site in request.app.state.switchboard.sites.values() if person.may_see(site["id"])]
    own = person.session.id if person.session is not None else None
    return {
        "key": notices.push.public_key,
        "secure": request.url.scheme == "https" or (request.url.hostname or "") in ("localhost", "127.0.0.1", "::1"),
        "kinds": [str(kind) for kind in Kind],
        "sites": [
            {"id": site["id"], "name": site["name"], "wants": {str(kind): (site["id"], kind) not in mutes for kind in Kind}}
            for site in sites
        ],
        "ways": [
            {"id": way.id, "name": _name(way), "push": isinstance(way, PushSubscription), "own": _session(way) == own}
            for way in ways
        ],
        "told": [_told(notices, row, named, t) for row in await notices.store.last_told(person.user_id)],
    }


@router.post(f"{PATH}/choices")
async def choose(
    request: Request, person: InPerson, wants: Annotated[tuple[Word, ...], Form(max_length=MOST_CHOICES)] = ()
) -> Response:
    """What the form has marked is wanted, of the sites that the person sees now; what is not marked is not."""
    wanted = {(site_id, kind) for site_id, _, kind in (word.partition("/") for word in wants) if kind in set(Kind)}
    sites = [site_id for site_id in request.app.state.switchboard.sites if person.may_see(site_id)]
    chosen = {(site_id, Kind(kind)) for site_id, kind in wanted}
    await notices_of(request).store.choose(person.user_id, sites, chosen, language_of(request))
    return _back("notices_chosen")


@router.post(f"{PATH}/push", status_code=201)
async def subscribe(request: Request, person: InPerson, new: SubscriptionIn) -> dict[str, str]:
    """This browser shows what is pushed to it, until it is signed out."""
    notices = notices_of(request)
    try:
        notices.push.check(new.endpoint)
    except NotAllowed as refused:
        raise Problem(422, "push_refused", "This push service is not used", _why(refused)) from None
    session_id = person.session.id if person.session is not None else ""
    browser = Browser(new.endpoint, new.keys.p256dh, new.keys.auth)
    name = browser_of(request.headers.get("user-agent", ""))
    row = await notices.store.subscribe(person.user_id, session_id, browser, language=language_of(request), name=name)
    note(request, way_id=row.id)
    return {"id": row.id}


@router.post(f"{PATH}/push/off", status_code=204)
async def unsubscribe(request: Request, person: InPerson, old: Endpoint) -> None:
    """This browser shows nothing any more."""
    await notices_of(request).store.unsubscribe(person.user_id, old.endpoint)


@router.get(f"{PATH}/address")
async def address_form(request: Request, person: Proven) -> Response:
    """Where an address is added: asks who one is before anything is typed."""
    return _address_page(request, person)


@router.post(f"{PATH}/address")
async def add_address(request: Request, person: Proven, address: Annotated[str, Form(max_length=1000)]) -> Response:
    """Keep an address that may be used; else the form again, with what is wrong, and without what was typed: it holds a secret."""
    notices = notices_of(request)
    try:
        checked = await notices.messengers.check(address.strip(), person.user_id)
    except NotAllowed as refused:
        return _address_page(request, person, status_code=422, refused=refused.reason)
    sealed = notices.seal.close(address.strip())
    row = await notices.store.add_address(person.user_id, sealed, checked.shown, language_of(request))
    note(request, way_id=row.id, scheme=checked.scheme)
    return _back("notices_added")


@router.post(f"{PATH}/ways/{{way_id}}/remove")
async def remove(request: Request, person: InPerson, way_id: str) -> Response:
    """Nothing goes there any more."""
    await notices_of(request).store.remove(person.user_id, way_id)
    return _back("notices_removed")


@router.post(f"{PATH}/ways/{{way_id}}/test")
async def test(request: Request, person: InPerson, way_id: str) -> Response:
    """Send one message there, a few times a minute at most. The page tells what became of it."""
    notices = notices_of(request)
    await notices.store.check_way(person.user_id, way_id)
    notices.tests.take(person.user_id)
    notices.delivery.offer([await notices.store.plan_test(person.user_id, way_id)])
    return _back("notices_tried")


def _address_page(request: Request, person: Principal, *, status_code: int = 200, refused: str | None = None) -> Response:
    settings: Settings = request.app.state.settings
    further = [word.strip() for word in settings.notify_services.split(",") if word.strip()]
    return pages_of(request).render(
        request,
        "account_notifications_address.html",
        status_code=status_code,
        viewer=person,
        refused=refused,
        services=[*SERVICES, *further],
    )


def _back(done: str) -> Response:
    return RedirectResponse(f"{ACCOUNT}?done={done}#notifications", 303)


def _why(refused: NotAllowed) -> str:
    return f"The address is not one of a push service that is known here ({refused.reason}). The operator can add it: notify_push_hosts."


def _name(way: Any) -> str:
    return (way.browser or way.service) if isinstance(way, PushSubscription) else str(way.shown)


def _session(way: Any) -> str | None:
    return way.session_id if isinstance(way, PushSubscription) else None


def _told(notices: Notices, row: Notice, named: dict[str, str], t: Any) -> dict[str, Any]:
    letter = Letter.of(row)
    said = say(letter.what, letter.facts, letter.at_ms, letter.device_id, notices.names_of(letter.device_id), t, row.made_ms)
    result = Result(row.result)
    return {"title": said.title, "made_ms": row.made_ms, "way": named.get(row.way, ""), "result": str(result)}
