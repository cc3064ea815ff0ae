"""The README's picture, taken of the real demo. `python -m tests.end_to_end.picture` takes it anew into docs/screens."""

import asyncio
import base64
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, async_playwright

from tests.components import require
from tests.end_to_end.demo import Demo
from tests.end_to_end.phone import SCREEN, Phone

PICTURE: Final = Path(__file__).parents[2] / "docs" / "screens" / "home.webp"
SCALE: Final = 2
QUALITY: Final = 85
MOST_BYTES: Final = 80_000


async def take(browser: Browser, folder: Path) -> bytes:
    """The demo's page on a phone, with the pump on for its half hour and the lamp on, as a WebP."""
    demo = Demo(folder)
    async with demo.running():
        phone = await Phone.take(browser, demo.url, device_scale_factor=SCALE, color_scheme="light", reduced_motion="reduce")
        try:
            await phone.sign_in(demo.links()[0])
            await phone.live()
            for channel in ("may-bom", "den"):
                await phone.expect_look(channel, "off")
                await phone.tap(channel)
                await phone.expect_look(channel, "on")
            await phone.page.mouse.move(0, 0)
            return await _webp(phone)
        finally:
            await phone.context.close()


def size(picture: bytes) -> tuple[int, int]:
    """Width and height of a WebP in pixels. Raises ValueError for anything else (RFC 9649, 2.5 and 2.7)."""
    kind = picture[12:16] if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP" else b""
    if kind == b"VP8X":
        return 1 + int.from_bytes(picture[24:27], "little"), 1 + int.from_bytes(picture[27:30], "little")
    if kind == b"VP8 " and picture[23:26] == b"\x9d\x01\x2a":
        return int.from_bytes(picture[26:28], "little") & 0x3FFF, int.from_bytes(picture[28:30], "little") & 0x3FFF
    raise ValueError("this is no WebP picture")


async def _webp(phone: Phone) -> bytes:
    """Playwright itself takes PNG and JPEG only; of this page a WebP is a third of either."""
    await phone.page.evaluate("document.fonts.ready")
    session = await phone.context.new_cdp_session(phone.page)
    clip = {"x": 0, "y": 0, **SCREEN, "scale": SCALE}
    shot = await session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY, "clip": clip})
    return base64.b64decode(shot["data"])


async def _main() -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=require("chromium"), args=["--no-sandbox"])
        with tempfile.TemporaryDirectory() as folder:
            picture = await take(browser, Path(folder))
        await browser.close()
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_bytes(picture)
    print(f"{PICTURE}: {len(picture)} bytes, {SCREEN['width']} by {SCREEN['height']} points", file=sys.stderr)


if __name__ == "__main__":
    asyncio.run(_main())
