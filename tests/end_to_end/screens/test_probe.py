"""Each trial of a screen finds its fault on a page that has it, and none on a page that has not."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.end_to_end.phone import SCREEN
from tests.end_to_end.screens.tour import PROBE, axe

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = """<!doctype html><html lang="vi"><head><title>Tốt</title><style>
  body { margin: 0; font: 1rem/1.5 sans-serif } a, button { display: inline-block; min-height: 48px; min-width: 48px }
  button { font: inherit } :focus-visible { outline: 3px solid blue } p a { display: inline }
</style></head><body><main><h1>Ẵ Ỗ Ữ ỵ</h1><p>Một câu có <a href="/">liên kết</a> ở giữa.</p><button>Bật</button></main></body></html>"""


def with_style(style: str) -> str:
    return GOOD.replace("</style>", f"{style}</style>")


BAD = {
    "headings": GOOD.replace("<p>", "<h1>Hai</h1><p>"),
    "overflow": with_style("button { width: 500px }"),
    "clipped": with_style("h1 { width: 20px; overflow: hidden; white-space: nowrap }"),
    "lines": with_style("h1 { line-height: 1.1 }"),
    "targets": with_style("button { min-height: 30px; height: 30px }"),
    "focus": with_style("button:focus-visible { outline: none }"),
    "motion": with_style("@keyframes go { to { opacity: .5 } } h1 { animation: go 9s infinite }"),
    "grow": with_style("p { font-size: 15px }"),
    "axe": GOOD.replace('lang="vi"', ""),
}
CLIPPED = [
    with_style("h1 { height: 20px; overflow: hidden; line-height: 20px; font-size: 18px }"),
    with_style("main { overflow: hidden } h1 { margin: -12px 0 0; line-height: 1 }"),
    with_style("h1 { position: relative; left: -30px }"),
    GOOD.replace("<button>", '<input aria-label="Tên" style="height: 18px; font-size: 16px; padding: 2px"><button>'),
]


async def found(page, html: str, trial: str) -> list[str]:
    await page.set_content(html)
    await page.evaluate(PROBE.read_text("utf-8"))
    if trial == "axe":
        await page.evaluate(AXE_SCRIPT)
        return await axe(page)
    if trial == "focus":
        await page.keyboard.press("Tab")
    return await page.evaluate(f"probe.{trial}()")


@pytest.mark.parametrize("trial", BAD)
async def test_a_trial_finds_its_fault_and_no_other_page_s(browser, trial):
    page = await browser.new_page(viewport=SCREEN)
    try:
        assert await found(page, GOOD, trial) == []
        assert len(await found(page, BAD[trial], trial)) >= 1
    finally:
        await page.close()


async def test_text_is_clipped_in_many_ways(browser):
    page = await browser.new_page(viewport=SCREEN)
    try:
        assert [html for html in CLIPPED if await found(page, html, "clipped") == []] == []
    finally:
        await page.close()


async def test_words_are_found_in_texts_and_attributes_with_their_language(browser):
    page = await browser.new_page(viewport=SCREEN)
    html = GOOD.replace(
        "<button>", '<code>x</code><i translate="no">y</i><b lang="en" title="Two">One</b><img alt="Ba" src="data:,"><button>'
    )
    try:
        told = [(text.strip(), language) for text, language, _ in await found(page, html, "words")]
    finally:
        await page.close()
    assert told == [
        ("Tốt", "vi"), ("Ẵ Ỗ Ữ ỵ", "vi"), ("Một câu có", "vi"), ("liên kết", "vi"), ("ở giữa.", "vi"), ("One", "en"), ("Bật", "vi"),
        ("Two", "en"), ("Ba", "vi"),
    ]  # fmt: skip


async def test_longer_words_and_larger_letters_change_the_page_as_they_say(browser):
    page = await browser.new_page(viewport=SCREEN)
    try:
        await found(page, GOOD, "headings")
        await page.evaluate("probe.lengthen()")
        assert await page.inner_text("button") == "BậtB"
        await page.evaluate("probe.grow()")
        assert await page.evaluate("getComputedStyle(document.querySelector('h1')).fontSize") == "64px"
        await page.evaluate("probe.shrink()")
        assert await page.evaluate("getComputedStyle(document.querySelector('h1')).fontSize") == "32px"
    finally:
        await page.close()
