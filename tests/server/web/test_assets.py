"""The page's own files: addresses, caches, compression, and how much a first visit weighs."""

import gzip
import re
from pathlib import Path

import httpx
import pytest

from server.web.assets import FOR_EVER, Assets, accepts_gzip, assets

AT_ONCE = 6
FIRST_VISIT_BYTES = 40_000
SCRIPTS_BYTES = 25_000
TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml", "png": "image/png"}


@pytest.mark.parametrize("name", sorted(assets().files))
async def test_a_file_is_served_packed_and_kept_for_ever(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(assets().url(name), headers={"Accept-Encoding": "gzip"})
    assert answer.content == assets().files[name].body
    assert answer.headers["cache-control"] == FOR_EVER
    assert answer.headers["content-type"] == TYPES[name.rpartition(".")[2]]
    assert answer.headers["vary"] == "Accept-Encoding"


async def test_compression_is_for_those_who_accept_it(client: httpx.AsyncClient) -> None:
    url = assets().url("base.css")
    packed = await client.get(url, headers={"Accept-Encoding": "gzip, br"})
    plain = await client.get(url, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert packed.headers["etag"] != plain.headers["etag"]


async def test_a_browser_that_has_a_file_is_told_so(client: httpx.AsyncClient) -> None:
    url = assets().url("app.js")
    etag = (await client.get(url)).headers["etag"]
    again = await client.get(url, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["{}/nothing.js", "{}/%2e%2e/pages.py", "0000000000000000/app.js", "{}/"])
async def test_what_is_not_a_file_of_this_version_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get("/static/" + path.format(assets().digest))).status_code == 404


def test_any_change_gives_every_file_a_new_address(tmp_path: Path) -> None:
    for name in ("a.js", "b.js"):
        (tmp_path / name).write_text(name)
    before = Assets.read(tmp_path).url("a.js")
    assert Assets.read(tmp_path).url("a.js") == before
    (tmp_path / "b.js").write_text("other")
    assert Assets.read(tmp_path).url("a.js") != before


def test_a_name_that_is_no_file_has_no_address() -> None:
    with pytest.raises(KeyError):
        assets().url("nothing.js")


@pytest.mark.parametrize(
    ("header", "accepted"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("*", True), ("", False), ("br", False), ("gzip;q=0", False)],
)
def test_gzip_is_accepted_when_named(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


def linked(page: str) -> set[str]:
    return set(re.findall(r'(?:href|src)="(/static/[^"]+|/manifest[^"]+)"', page))


async def test_a_first_visit_asks_for_no_more_files_than_a_browser_fetches_at_once(client: httpx.AsyncClient) -> None:
    asked = linked((await client.get("/")).text)
    assert {url for url in asked if url.endswith(".js")} == {assets().url("pages/app.js")}
    assert len(asked) <= AT_ONCE


def test_a_page_s_script_is_also_there_with_all_that_it_imports(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("import { b } from './b.js';\nb();\n")
    (tmp_path / "b.js").write_text("export function b() {}\n")
    read = Assets.read(tmp_path)
    assert sorted(read.files) == ["a.js", "b.js", "pages/a.js"]
    assert b"function b() {}" in read.files["pages/a.js"].body


async def test_a_first_visit_keeps_to_its_weight(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    sizes = {url: await weight(client, url) for url in linked(page.text)}
    scripts = sum(size for url, size in sizes.items() if url.endswith(".js"))
    whole = sum(sizes.values()) + len(gzip.compress(page.content, 6))
    assert len(sizes) > 4
    assert scripts <= SCRIPTS_BYTES
    assert whole <= FIRST_VISIT_BYTES


async def weight(client: httpx.AsyncClient, url: str) -> int:
    async with client.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as answer:
        return sum([len(chunk) async for chunk in answer.aiter_raw()])


def test_every_style_uses_only_measures_and_colours_that_the_tokens_name() -> None:
    styles = {name: asset.body.decode() for name, asset in assets().files.items() if name.endswith(".css")}
    named = set(re.findall(r"^\s+(--[\w-]+):", styles.pop("tokens.css"), re.MULTILINE))
    used = {name: set(re.findall(r"var\((--[\w-]+)", text)) for name, text in styles.items()}
    assert {name: found - named for name, found in used.items() if found - named} == {}
    own = {name: re.findall(r"#[0-9a-f]{3,8}\b(?![^{]*\{)|(?:rgb|hsl)a?\([^)]*\)", text) for name, text in styles.items()}
    assert {name: sorted(set(found) - {"#fff"}) for name, found in own.items() if set(found) - {"#fff"}} == {}


def test_dark_is_the_same_whether_the_reader_or_the_system_asks_for_it() -> None:
    tokens = assets().files["tokens.css"].body.decode()
    by_system = re.search(r':not\(\[data-theme="light"\]\) \{(.*?)\}', tokens, re.DOTALL)
    by_reader = re.search(r':root\[data-theme="dark"\] \{(.*?)\}', tokens, re.DOTALL)
    assert by_system
    assert by_reader
    assert by_reader[1].split() == ["color-scheme:", "dark;", *by_system[1].split()]
