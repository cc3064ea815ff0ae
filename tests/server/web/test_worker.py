"""The page's worker as it is served, what it keeps, and what a phone needs to take the page for an app."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.web.assets import assets
from server.web.worker import made, worker
from tests.end_to_end.icons import FOLDER, MOST_BYTES, SIZES, size
from tests.server.web.test_pages import Balanced

MOST_WORKER_BYTES = 3_000


def constants(script: str) -> dict[str, Any]:
    head = script.partition("\n")[0].removeprefix("const ").removesuffix(";")
    return {name: json.loads(value) for name, value in re.findall(r'([A-Z]+) = ("[^"]*"|\[[^\]]*\])', head)}


async def test_the_worker_is_asked_for_anew_each_time_and_sent_only_where_it_changed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/sw.js")
    again = await client.get("/sw.js", headers={"If-None-Match": answer.headers["etag"]})
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert len(gzip.compress(answer.content)) <= MOST_WORKER_BYTES


async def test_all_that_the_worker_keeps_is_there_and_is_nobody_s(client: httpx.AsyncClient) -> None:
    known = constants((await client.get("/sw.js")).text)
    assert known["FILES"][:2] == ["/offline?lang=vi", "/offline?lang=en"]
    answers = {path: await client.get(path) for path in (*known["FILES"], known["ICON"], known["BADGE"])}
    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code != 200} == {}
    assert all(path.startswith((f"/static/{assets().digest}/", "/offline?")) for path in answers)
    assert "Lan" not in answers["/offline?lang=vi"].text


def test_every_file_of_the_offline_page_is_kept() -> None:
    files = {path.removeprefix(f"/static/{assets().digest}/") for path in constants(worker().script)["FILES"]}
    assert {"tokens.css", "base.css", "home.css", "pages/offline.js"} <= files
    assert [name for name in files & set(assets().files) if b"\nimport " in assets().files[name].body] == []


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_the_offline_page_is_in_the_language_that_was_asked_for(client: httpx.AsyncClient, language: str) -> None:
    page, checked = (await client.get(f"/offline?lang={language}")).text, Balanced()
    checked.feed(page)
    assert (checked.wrong, checked.open) == ([], [])
    assert f'<html lang="{language}">' in page
    assert (await client.get("/offline", headers={"Accept-Language": language})).text == page
    assert (await client.get("/offline?lang=xx")).status_code == 422


def test_any_change_of_what_is_kept_is_another_version() -> None:
    pages, source = {"vi": '<link href="/static/0/a.css">', "en": "x"}, "// source"
    first = made(pages, source, {"ICON": "/static/0/i.png"})
    assert made(dict(pages), source, {"ICON": "/static/0/i.png"}).version == first.version
    others = [
        made({**pages, "en": "y"}, source, {"ICON": "/static/0/i.png"}),
        made(pages, "// other", {"ICON": "/static/0/i.png"}),
        made(pages, source, {"ICON": "/static/1/i.png"}),
    ]
    assert len({first.version, *(other.version for other in others)}) == 4
    assert constants(first.script)["FILES"] == ["/offline?lang=vi", "/offline?lang=en", "/static/0/a.css"]


async def test_the_manifest_makes_the_page_an_app_with_icons_of_every_kind(client: httpx.AsyncClient) -> None:
    told = (await client.get("/manifest.webmanifest")).json()
    assert {key: told[key] for key in ("id", "start_url", "scope", "display")} == {
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
    }
    icons = [(it["sizes"], it["type"], it["purpose"]) for it in told["icons"]]
    assert icons == [
        ("any", "image/svg+xml", "any"),
        ("192x192", "image/png", "any"),
        ("512x512", "image/png", "any"),
        ("512x512", "image/png", "maskable"),
    ]
    for icon in told["icons"]:
        answer = await client.get(icon["src"])
        assert answer.headers["content-type"] == icon["type"]


@pytest.mark.parametrize(("name", "side"), SIZES.items())
def test_each_icon_has_its_size_and_is_light(name: str, side: int) -> None:
    picture = Path(FOLDER / name).read_bytes()
    assert size(picture) == (side, side)
    assert len(picture) <= MOST_BYTES
