"""The page's worker, and the page that it opens without a network: both the same for everybody, and made once.

The worker's source is served behind a line that names its version, the files that it keeps, and the languages. The version is a digest of
all of these, so that a browser notices each change of any, and no version mixes with another.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from server.web.assets import assets
from server.web.home import SiteView, blank_device
from server.web.i18n import LANGUAGES, words_in
from server.web.pages import environment
from server.web.shapes import Site
from server.web.times import HOME_ZONE

SOURCE: Final = Path(__file__).parent / "sw.js"
_FILE: Final = re.compile(r'"(/static/[^"]+)"')
_BLANK_SITE: Final = Site(id="", slug="", name="", timezone=HOME_ZONE, tariff_vnd_kwh=None, role="operator")


@dataclass(frozen=True, slots=True)
class Worker:
    """`script`: what `/sw.js` answers. `pages`: by language, what a phone shows that is offline, with nobody's data in it."""

    script: str
    pages: Mapping[str, str]
    version: str


@cache
def worker() -> Worker:
    """The worker of this program."""
    icons = {name: assets().url(file) for name, file in (("ICON", "icon-192.png"), ("BADGE", "badge-96.png"))}
    return made({language: _offline_page(language) for language in LANGUAGES}, SOURCE.read_text("utf-8"), icons)


def made(pages: Mapping[str, str], source: str, more: Mapping[str, str]) -> Worker:
    """The worker that keeps these pages and all files that they name. `more`: further constants of its source."""
    files = sorted({file for page in pages.values() for file in _FILE.findall(page)})
    kept = [f"/offline?lang={language}" for language in pages] + files
    known = {"FILES": kept, "LANGUAGES": list(pages), **more}
    version = hashlib.sha256(json.dumps([known, dict(pages), source]).encode()).hexdigest()[:16]
    head = ", ".join(f"{name} = {json.dumps(value)}" for name, value in {"VERSION": version, **known}.items())
    return Worker(f"const {head};\n{source}", pages, version)


def _offline_page(language: str) -> str:
    t = words_in(language)
    return (
        environment()
        .get_template("offline.html")
        .render(
            t=t,
            language=language,
            other_language=language,
            back="/",
            path="/",
            tab="",
            theme="system",
            viewer=None,
            url=assets().url,
            blank_site=SiteView(_BLANK_SITE, [], all_off=False),
            blank_device=blank_device(_BLANK_SITE, t),
        )
    )
