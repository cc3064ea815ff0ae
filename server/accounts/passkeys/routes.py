"""Passkeys over HTTP. What scripts ask here is JSON both ways; changing a name and removing are plain forms."""

from typing import Annotated, Any, cast

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import AfterValidator, BaseModel, Field

from server.accounts.asking import ACCOUNT, PROVE, InPerson, Proven, accounts_of, session_token, set_session
from server.accounts.browsers import browser_of
from server.accounts.passkeys.models import LONGEST_NAME
from server.accounts.passkeys.passkeys import Passkeys
from server.accounts.passkeys.place import NoPasskeys, place_of
from server.accounts.principal import Principal
from server.audit import note
from server.clock import now_ms
from server.errors import Problem
from server.names import clean_name
from server.settings import Settings

router = APIRouter(include_in_schema=False)

PasskeyName = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(lambda text: clean_name(text, LONGEST_NAME))]


class Answer(BaseModel):
    """What the browser got from the authenticator, as WebAuthn's own JSON."""

    answer: dict[str, Any]


class NewPasskey(Answer):
    """A new one, and what to call it; with no name, it is called what the browser is called."""

    name: Annotated[str, Field(max_length=500)] = ""


@router.post(f"{ACCOUNT}/passkeys/options")
async def registration_options(request: Request, person: Proven) -> dict[str, Any]:
    """What the browser needs to make one."""
    return await passkeys_of(request).registration_options(person)


@router.post(f"{ACCOUNT}/passkeys", status_code=201)
async def register(request: Request, person: Proven, new: NewPasskey) -> dict[str, str]:
    """Keep it."""
    name = clean(new.name) if new.name.strip() else browser_of(request.headers.get("user-agent", "")) or "Passkey"
    passkey = await passkeys_of(request).register(person, name, new.answer)
    note(request, passkey_id=passkey.id)
    return {"id": passkey.id, "name": passkey.name}


@router.post(f"{ACCOUNT}/passkeys/{{passkey_id}}/rename")
async def rename(request: Request, person: Proven, passkey_id: str, name: Annotated[PasskeyName, Form()]) -> Response:
    """Call it something else."""
    await passkeys_of(request).rename(person.user_id, passkey_id, name)
    return RedirectResponse(f"{ACCOUNT}#passkeys", 303)


@router.post(f"{ACCOUNT}/passkeys/{{passkey_id}}/remove")
async def remove(request: Request, person: Proven, passkey_id: str) -> Response:
    """It lets nobody in from now on."""
    await passkeys_of(request).remove(person.user_id, passkey_id)
    return RedirectResponse(f"{ACCOUNT}#passkeys", 303)


@router.post("/passkeys/sign-in/options")
async def sign_in_options(request: Request) -> dict[str, Any]:
    """What a browser needs to offer the passkeys that it has for this server."""
    return await passkeys_of(request).sign_in_options()


@router.post("/passkeys/sign-in")
async def sign_in(request: Request, said: Answer) -> Response:
    """A session of whoever answered; the browser's former one, if any, ends."""
    token, user_id = await passkeys_of(request).sign_in(said.answer, browser_of(request.headers.get("user-agent", "")))
    note(request, actor=f"user:{user_id}")
    if (former := session_token(request)) is not None:
        await accounts_of(request).sign_out(former)
    response = JSONResponse({})
    set_session(request, response, token)
    return response


@router.post(f"{PROVE}/passkey/options")
async def prove_options(request: Request, person: InPerson) -> dict[str, Any]:
    """What the browser needs to prove that this is still the same person."""
    return await passkeys_of(request).prove_options(person)


@router.post(f"{PROVE}/passkey")
async def prove(request: Request, person: InPerson, said: Answer) -> dict[str, str]:
    """It is."""
    await passkeys_of(request).prove(person, said.answer)
    return {}


async def shown(request: Request, person: Principal) -> dict[str, Any]:
    """What the account page's section shows: `passkeys`, and `why_not` where there can be none."""
    settings = cast("Settings", request.app.state.settings)
    place, passkeys = place_of(settings), getattr(request.app.state, "passkeys", None)
    return {
        "passkeys": await passkeys.of_person(person.user_id) if passkeys is not None else [],
        "why_not": str(place) if isinstance(place, NoPasskeys) else "",
        "address": settings.address,
        "timezone": settings.timezone,
        "now_ms": now_ms(),
        "longest_name": LONGEST_NAME,
    }


async def has_passkey(request: Request, user_id: str) -> bool:
    """Whether this person can prove who they are with one."""
    passkeys: Passkeys | None = getattr(request.app.state, "passkeys", None)
    return passkeys is not None and any(it.doubted_ms is None for it in await passkeys.of_person(user_id))


def passkeys_of(request: Request) -> Passkeys:
    """The passkeys of the application that this request came to. Raises Problem 409 where it can have none."""
    found: Passkeys | None = request.app.state.passkeys
    if found is None:
        raise Problem(409, "no_passkeys_here", "No passkeys here", "They need HTTPS at a name: the operator sets `public_url`.")
    return found


def clean(text: str) -> str:
    """A name as it is kept. Raises Problem 422."""
    try:
        return clean_name(text, LONGEST_NAME)
    except ValueError as error:
        raise Problem(422, "not_valid", "Not valid", f"name: {error}") from None
