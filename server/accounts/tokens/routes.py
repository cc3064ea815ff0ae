"""API tokens over HTTP. Whoever makes or ends one has just proved who they are; a token itself can do neither."""

from datetime import datetime, time, timedelta
from typing import Annotated, Any, cast
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import AfterValidator, BaseModel, Field

from server.accounts.asking import ACCOUNT, InPerson, Proven, accounts_of
from server.accounts.principal import Principal
from server.accounts.scopes import Scope, from_text
from server.accounts.tokens.models import LONGEST_NAME, ApiToken
from server.accounts.tokens.tokens import Tokens, Wanted
from server.clock import now_ms
from server.errors import Problem
from server.http import pages_of
from server.names import clean_name
from server.settings import Settings
from server.sites.models import Site
from server.sites.sites import Sites

router = APIRouter(tags=["tokens"])

TokenName = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(lambda text: clean_name(text, LONGEST_NAME))]
Ends = Annotated[int | None, Field(ge=0, lt=2**53)]


class TokenIn(BaseModel):
    """A token that is wanted. Without `site` it is for all sites of its person, without `ends_ms` it is good until it is revoked."""

    name: TokenName
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    site: Annotated[str | None, Field(max_length=32)] = None
    ends_ms: Ends = None


class TokenOut(BaseModel):
    """A token as far as anybody can still know it: `site` is a site's id, `used_ms` its last use, to about a minute."""

    id: str
    name: str
    scopes: list[Scope]
    site: str | None
    created_ms: int
    ends_ms: int | None
    used_ms: int | None


class NewTokenOut(TokenOut):
    """The only answer that ever holds the token itself."""

    token: str


@router.get("/api/v1/tokens", summary="Your API tokens")
async def my_tokens(request: Request, person: InPerson) -> list[TokenOut]:
    """The newest first, those that have ended included. Never the tokens themselves."""
    return [TokenOut(**_out(row)) for row in await _tokens(request).of_person(person.user_id)]


@router.post("/api/v1/tokens", status_code=201, summary="Make an API token")
async def make(request: Request, person: Proven, wanted: TokenIn) -> NewTokenOut:
    """The answer holds the token, this once. What it may do is what you may do, narrowed by `scopes` and `site`, at every moment."""
    row, token = await _make(request, person, wanted)
    return NewTokenOut(**_out(row), token=token)


@router.delete("/api/v1/tokens/{token_id}", status_code=204, summary="Revoke an API token")
async def revoke(request: Request, person: Proven, token_id: str) -> None:
    """It is good for nothing from now on; streams that were opened with it end within 5 s."""
    await _tokens(request).revoke(person.user_id, token_id)


@router.get(f"{ACCOUNT}/tokens", include_in_schema=False)
async def form(request: Request, person: Proven) -> Response:
    """Where a token is made: asks who one is before anything is filled in."""
    return pages_of(request).render(request, "account_token_new.html", viewer=person, shown=await shown(request, person))


@router.post(f"{ACCOUNT}/tokens", include_in_schema=False)
async def make_by_form(
    request: Request,
    person: Proven,
    name: Annotated[TokenName, Form()],
    scope: Annotated[Scope, Form()],
    site: Annotated[str, Form(max_length=32)] = "",
    last_day: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """The same for the page, where one scope holds those before it. The page that answers shows the token, this once."""
    scopes = list(Scope)[: list(Scope).index(scope) + 1]
    wanted = TokenIn(name=name, scopes=scopes, site=site or None, ends_ms=_end_of(last_day, _settings(request).timezone))
    row, token = await _make(request, person, wanted)
    return pages_of(request).render(request, "account_token_made.html", viewer=person, token_name=row.name, token=token)


@router.post(f"{ACCOUNT}/tokens/{{token_id}}/revoke", include_in_schema=False)
async def revoke_by_form(request: Request, person: Proven, token_id: str) -> Response:
    """The same for the page."""
    await _tokens(request).revoke(person.user_id, token_id)
    return RedirectResponse(f"{ACCOUNT}#tokens", 303)


async def shown(request: Request, person: Principal) -> dict[str, Any]:
    """What the account page's section shows: `tokens` with their site's name, and the `sites` that one may be made for."""
    tokens = [_out(row) for row in await _tokens(request).of_person(person.user_id)]
    sites = await _sites(request).find({*person.roles, *(token["site"] for token in tokens if token["site"])})
    names = {site.id: site.name for site in sites}
    timezone = _settings(request).timezone
    return {
        "tokens": [{**token, "site_name": names.get(token["site"], "")} for token in tokens],
        "sites": [site for site in sites if person.may_see(site.id)],
        "timezone": timezone,
        "now_ms": now_ms(),
        "today": datetime.now(ZoneInfo(timezone)).date().isoformat(),
        "longest_name": LONGEST_NAME,
    }


async def _make(request: Request, person: Principal, wanted: TokenIn) -> tuple[ApiToken, str]:
    site = await _site(request, person, wanted.site) if wanted.site is not None else None
    if wanted.ends_ms is not None and wanted.ends_ms <= now_ms():
        raise Problem(422, "ends_in_the_past", "The end is over", "Choose a day that is still to come, or none.")
    return await _tokens(request).make(
        person.user_id, Wanted(wanted.name, frozenset(wanted.scopes), site.id if site else None, wanted.ends_ms)
    )


async def _site(request: Request, person: Principal, named: str) -> Site:
    """The site with that id or short name, if it exists for this person."""
    for site in await _sites(request).find(person.roles):
        if named in (site.id, site.slug):
            return site
    raise Problem(404, "unknown_site", "There is no such site", "It may have been removed, or be somebody else's.")


def _end_of(day: str, timezone: str) -> int | None:
    """The last moment of a day written as 2026-12-31, in ms; None for an empty one."""
    if not day:
        return None
    try:
        begun = datetime.combine(datetime.strptime(day, "%Y-%m-%d").date(), time.min, ZoneInfo(timezone))  # noqa: DTZ007 (a day)
        return int((begun + timedelta(days=1)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Problem(422, "not_valid", "Not valid", "last_day: a day like 2026-12-31") from None


def _out(row: ApiToken) -> dict[str, Any]:
    scopes = from_text(row.scopes)
    return {
        "id": row.id,
        "name": row.name,
        "scopes": [scope for scope in Scope if scope in scopes],
        "site": row.site_id,
        "created_ms": row.created_ms,
        "ends_ms": row.ends_ms,
        "used_ms": row.used_ms,
    }


def _tokens(request: Request) -> Tokens:
    return accounts_of(request).tokens


def _sites(request: Request) -> Sites:
    return cast("Sites", request.app.state.sites)


def _settings(request: Request) -> Settings:
    return cast("Settings", request.app.state.settings)
