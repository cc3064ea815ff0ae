"""Templates to pages."""

from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from server.clock import now_ms
from server.settings import Settings
from server.web import activity, plot, story
from server.web.assets import assets
from server.web.channel import channel_view
from server.web.i18n import LANGUAGES, NAMES, Words, language_of, words_in
from server.web.past import past_view
from server.web.qr import qr
from server.web.tabs import TABS, tab_of
from server.web.theme import GROUND, theme_of
from server.web.times import HOME_ZONE, age, clock_time, moment

_TEMPLATES: Final = Path(__file__).parent / "templates"


def render(request: Request, name: str, *, status_code: int = 200, **context: Any) -> HTMLResponse:
    """A template as a page in the reader's language, never kept by a cache.

    Templates need of `context`: `sign_in.html` and `sign_in_link.html` nothing; `error.html` see `render_error`; `home.html` see `home.py`.
    `tab`: the name of the tab that the page belongs to, where its address does not tell.
    """
    language = language_of(request)
    t, now = words_in(language), now_ms()
    settings: Settings | None = getattr(request.app.state, "settings", None)
    zone = settings.timezone if settings is not None else HOME_ZONE
    around = {
        "t": t,
        "when": lambda at_ms: clock_time(at_ms, now, zone),
        "ago": lambda at_ms: age(at_ms, now, t),
        "language": language,
        "other_language": next(other for other in LANGUAGES if other != language),
        "back": request.url.path if request.method in ("GET", "HEAD") and status_code == 200 else "/",
        "viewer": None,
        "path": request.url.path,
        "tab": tab_of(request.url.path),
        "theme": theme_of(request),
        "url": assets().url,
        "passkeys_at": getattr(request.app.state, "passkeys_at", ""),
    }
    html = environment().get_template(name).render({**around, **context})
    headers = {"Cache-Control": "no-store", "Content-Language": language, "Vary": "Cookie, Accept-Language"}
    return HTMLResponse(html, status_code=status_code, headers=headers)


def texts(request: Request) -> Words:
    """The texts of the reader's language."""
    return words_in(language_of(request))


def render_error(request: Request, status: int, code: str = "", *, after_s: int | None = None) -> HTMLResponse:
    """The page for an HTTP error: what it means and what to do next. `code`: the problem's word, which may have words of its own.

    `after_s`: when to try again, in seconds from now.
    """
    t = words_in(language_of(request))
    known = next((it for it in (code, str(status)) if f"error.{it}.title" in t.keys), "500" if status >= 500 else "other")
    title, following = t(f"error.{known}.title"), t(f"error.{known}.next")
    if after_s is not None:
        following = t("error.wait_seconds", n=after_s) if after_s < 90 else t("error.wait_minutes", n=(after_s + 59) // 60)
    return render(request, "error.html", status_code=status, status=status, title=title, following=following)


@cache
def environment() -> Environment:
    """The templates' environment: everything is escaped, and a name that is missing is an error."""
    found = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found.globals["clock_time"] = clock_time
    found.globals["activity"] = activity
    found.globals["story"] = story
    found.globals.update(channel_view=channel_view, past_view=past_view)
    found.globals["plot"] = plot.plot
    found.globals.update(qr=qr, moment=moment, tabs=TABS, ground=GROUND, languages=NAMES)
    return found
