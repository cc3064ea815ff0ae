"""The addresses of the pages: home, the choices of a language and of colours, the manifest, and the page's own files."""

from typing import Annotated, Any, Final, Literal, cast

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from server.http import own_path
from server.web import theme as themes
from server.web.assets import assets
from server.web.backend import backend_of
from server.web.home import SiteView, as_of, blank_device, home_view
from server.web.i18n import COOKIE, language_of, words_in
from server.web.pages import render
from server.web.shapes import Site, Snapshot
from server.web.times import HOME_ZONE
from server.web.worker_routes import router as worker_router

router = APIRouter(include_in_schema=False)
router.include_router(worker_router)

SIGN_IN: Final = "/sign-in"
_YEAR_S: Final = 365 * 24 * 3600
_BLANK_SITE: Final = Site(id="", slug="", name="", timezone=HOME_ZONE, tariff_vnd_kwh=None, role="operator")


ICONS: Final = {
    "icon.svg": {"sizes": "any", "type": "image/svg+xml", "purpose": "any"},
    "icon-192.png": {"sizes": "192x192", "type": "image/png", "purpose": "any"},
    "icon-512.png": {"sizes": "512x512", "type": "image/png", "purpose": "any"},
    "icon-maskable-512.png": {"sizes": "512x512", "type": "image/png", "purpose": "maskable"},
}


@router.get("/")
async def home(request: Request, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """All devices that the person may see, or the way to sign in. `q`: only what has these words in its name, for who has no scripts."""
    backend = backend_of(request)
    viewer = await backend.viewer(request)
    if viewer is None:
        return RedirectResponse(SIGN_IN, 303)
    snapshot = cast("Snapshot", backend.snapshot(viewer))
    t = words_in(language_of(request))
    return render(
        request,
        "home.html",
        viewer=viewer,
        snapshot=snapshot,
        home=home_view(snapshot, t, q.strip()),
        as_of=as_of(snapshot),
        blank_site=SiteView(_BLANK_SITE, [], all_off=False),
        blank_device=blank_device(_BLANK_SITE, t),
        owned=[site for site in snapshot["sites"] if site["role"] == "owner"],
    )


@router.post("/language")
async def language(
    request: Request, lang: Annotated[Literal["vi", "en"], Form()], back: Annotated[str, Form(max_length=500)] = "/"
) -> Response:
    """Remember the language that a person chose, and go back to where they were."""
    return _remembered(request, COOKIE, lang, back)


@router.post("/theme")
async def theme(
    request: Request, theme: Annotated[themes.Theme, Form()], back: Annotated[str, Form(max_length=500)] = "/"
) -> Response:
    """Remember light or dark for this browser, or forget it and follow the system; and go back to where they were."""
    return _remembered(request, themes.COOKIE, theme, back)


def _remembered(request: Request, cookie: str, value: str, back: str) -> Response:
    response = RedirectResponse(own_path(back), 303)
    secure = request.url.scheme == "https"
    response.set_cookie(cookie, value, max_age=_YEAR_S, path="/", secure=secure, httponly=True, samesite="lax")
    return response


@router.get("/manifest.webmanifest")
async def manifest(request: Request) -> Response:
    """What a phone needs to keep the page beside its other apps."""
    t = words_in(language_of(request))
    content: dict[str, Any] = {
        "id": "/",
        "name": t("app.name"),
        "short_name": t("app.name"),
        "description": t("app.about"),
        "lang": t.language,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": themes.GROUND["light"],
        "theme_color": themes.GROUND["light"],
        "icons": [{"src": assets().url(name), **about} for name, about in ICONS.items()],
    }
    headers = {"Cache-Control": "no-cache", "Vary": "Cookie, Accept-Language"}
    return JSONResponse(content, headers=headers, media_type="application/manifest+json")


@router.api_route("/static/{digest}/{name:path}", methods=["GET", "HEAD"])
async def static(request: Request, digest: str, name: str) -> Response:
    """One of the page's own files."""
    return assets().answer(request, digest, name)
