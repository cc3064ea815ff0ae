"""The app's icons as PNG, drawn by a real browser from the page's own SVG. `python -m tests.end_to_end.icons` draws them anew."""

import asyncio
import sys
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, async_playwright

import server.web
from tests.chromium import OPTIONS
from tests.components import require

FOLDER: Final = Path(server.web.__file__).parent / "static"
SOURCE: Final = FOLDER / "icon.svg"
ROUND: Final = 'rx="22"'
STENCIL: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="8 8 80 80"><path fill="#fff" fill-rule="evenodd" d="M34 30h28a18 18 0 0 1 0 36H34'
    'a18 18 0 0 1 0-36zM62 35.5a12.5 12.5 0 1 0 0 25a12.5 12.5 0 1 0 0-25zM31.5 41h5v14h-5z"/></svg>'
)
SIZES: Final = {"icon-192.png": 192, "icon-512.png": 512, "icon-maskable-512.png": 512, "badge-96.png": 96}
MOST_BYTES: Final = 16_000


def drawn(name: str, svg: str) -> str:
    """The SVG of an icon. A maskable one reaches to all edges, since the phone cuts its own shape; a badge is a stencil."""
    if name.startswith("badge"):
        return STENCIL
    return svg.replace(ROUND, 'rx="0"', 1) if "maskable" in name else svg


def size(picture: bytes) -> tuple[int, int]:
    """Width and height of a PNG in pixels. Raises ValueError for anything else (PNG, 11.2.1)."""
    if picture[:8] != b"\x89PNG\r\n\x1a\n" or picture[12:16] != b"IHDR":
        raise ValueError("this is no PNG picture")
    return int.from_bytes(picture[16:20], "big"), int.from_bytes(picture[20:24], "big")


async def take(browser: Browser, name: str) -> bytes:
    """One icon."""
    side = SIZES[name]
    page = await browser.new_page(viewport={"width": side, "height": side})
    try:
        svg = drawn(name, SOURCE.read_text("utf-8")).replace("<svg", f'<svg width="{side}" height="{side}"', 1)
        await page.set_content(f"<style>*{{margin:0}}svg{{display:block}}</style>{svg}")
        return await page.screenshot(omit_background=True)
    finally:
        await page.close()


async def _main() -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=require("chromium"), args=[*OPTIONS])
        for name in SIZES:
            picture = await take(browser, name)
            (FOLDER / name).write_bytes(picture)
            print(f"{name}: {len(picture)} bytes", file=sys.stderr)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(_main())
