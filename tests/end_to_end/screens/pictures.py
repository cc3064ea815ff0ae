"""The pictures of docs/screens, taken of the small world. `python -m tests.end_to_end.screens.pictures` takes them all anew."""

import asyncio
import base64
import sys
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import Browser, async_playwright, expect

from tests.chromium import OPTIONS
from tests.components import require
from tests.end_to_end.screens.table import named
from tests.end_to_end.screens.tour import SIZES, visitor
from tests.end_to_end.screens.world import World, small_world

FOLDER: Final = Path(__file__).parents[3] / "docs" / "screens"
SCALES: Final = {"phone": 2, "desktop": 1}
QUALITY: Final = 78
MOST_BYTES: Final = 90_000
MOST_BYTES_IN_ALL: Final = 1_500_000

TABLE: Final = """
home              owner     phone    vi  light
home              owner     phone    en  dark
home              owner     desktop  vi  light
home              viewer    desktop  en  dark
home              guest     phone    en  light
home              newcomer  phone    vi  light
channel           owner     phone    vi  light
channel-month     owner     desktop  en  light
channel-offline   viewer    phone    vi  dark
device            owner     phone    vi  light
device            owner     desktop  en  dark
device-offline    viewer    phone    en  dark
add-device        owner     phone    vi  light
schedules         owner     phone    vi  light
schedules         owner     desktop  en  light
schedule-sun      owner     phone    vi  dark
activity          owner     phone    vi  light
activity          owner     desktop  en  dark
place             owner     phone    vi  light
account           owner     phone    en  dark
sign-in           nobody    phone    vi  light
invitation        nobody    phone    vi  dark
guest-link        nobody    phone    en  light
no-such-page      owner     phone    vi  light
"""
"""Screen, who looks at it, size, language, theme: a choice that shows each size, language and theme, and not every one of them."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One line of the table."""

    screen: str
    who: str
    size: Literal["phone", "desktop"]
    language: str
    theme: Literal["light", "dark"]

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.screen}-{self.who}-{self.size}-{self.language}-{self.theme}.webp"

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of the file."""
        size, scale = SIZES[self.size], SCALES[self.size]
        return size["width"] * scale, size["height"] * scale


def pictures() -> list[Picture]:
    """The table."""
    return [Picture(*line.split()) for line in TABLE.strip().splitlines()]  # type: ignore[arg-type]


async def take(browser: Browser, world: World, picture: Picture) -> bytes:
    """One of them, as a WebP."""
    scale = SCALES[picture.size]
    phone = await visitor(
        *(browser, world, picture.who, picture.language),
        viewport=SIZES[picture.size],
        device_scale_factor=scale,
        color_scheme=picture.theme,
    )
    try:
        await phone.page.goto(world.address(named(picture.screen).address))
        if await phone.page.locator("link-badge:not(.offline)").count():
            await expect(phone.page.locator("link-badge")).to_have_attribute("data-state", "live", timeout=15_000)
        await phone.page.evaluate("document.fonts.ready")
        session = await phone.context.new_cdp_session(phone.page)
        clip = {"x": 0, "y": 0, **SIZES[picture.size], "scale": scale}
        shot = await session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY, "clip": clip})
        return base64.b64decode(shot["data"])
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


async def take_all(browser: Browser, world: World, folder: Path, wanted: Collection[Picture]) -> None:
    """These pictures into a folder."""
    for picture in wanted:
        (folder / picture.name).write_bytes(await take(browser, world, picture))


async def _main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.webp"):
        old.unlink()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=require("whole chromium"), args=[*OPTIONS])
        with tempfile.TemporaryDirectory() as folder:
            async with small_world(Path(folder)) as world:
                await take_all(browser, world, FOLDER, pictures())
        await browser.close()
    sizes = {path.name: path.stat().st_size for path in sorted(FOLDER.glob("*.webp"))}
    print(*(f"{name}: {size} bytes" for name, size in sizes.items()), sep="\n", file=sys.stderr)
    print(f"{sum(sizes.values())} bytes in all", file=sys.stderr)


if __name__ == "__main__":
    asyncio.run(_main())
