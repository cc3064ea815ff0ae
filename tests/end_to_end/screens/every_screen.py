"""Every screen, as everybody, in both languages, at both sizes, light and dark, in real Chromium."""

import pytest
import pytest_asyncio

from server.web.i18n import LANGUAGES
from tests.end_to_end.screens.pictures import pictures, size, take_all
from tests.end_to_end.screens.table import WHO, screens
from tests.end_to_end.screens.tour import Tour
from tests.end_to_end.screens.world import visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRIALS = {
    "heading": "has the heading that the table says",
    "headings": "has exactly one heading of the first order",
    "language": "says in which language it is",
    "words": "has no word but of its language's catalogue and of the world's own names",
    "overflow": "is no wider than the screen",
    "clipped": "hides no part of a text, stacked diacritics included",
    "lines": "has lines that do not touch, whatever diacritics stand in them",
    "targets": "can be pressed with a finger: 48 px high, unless it is a link within a sentence",
    "motion": "moves nothing for who wants nothing to move",
    "axe": "has nothing for axe-core to report",
    "focus": "shows where the keyboard is",
    "reflow": "needs no more than 320 px",
    "zoom": "bears text of twice the size",
    "longer": "bears text that is almost a third longer",
    "requests": "asks for nothing from any other host",
    "complaints": "gives the browser nothing to complain of, its policy included",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=LANGUAGES)
async def tour(request, world, browser) -> Tour:
    made = Tour(world, request.param)
    await made.walk(browser)
    return made


async def test_everybody_gets_from_every_address_what_the_table_says(world):
    told = {}
    for who in WHO:
        async with visitor(world, who) as client:
            for screen in (it for it in screens() if it.statuses[who]):
                told[who, screen.name] = (await client.get(world.address(screen.address))).status_code
    assert told == {(who, screen.name): status for screen in screens() for who, status in screen.statuses.items() if status}


@pytest.mark.parametrize("trial", TRIALS, ids=[rule.replace(" ", "-") for rule in TRIALS.values()])
async def test_every_screen(tour, trial):
    assert tour.faults[trial] == []
    assert tour.looked[trial] >= len(screens())


async def test_the_browser_got_what_the_table_says(tour):
    wanted = {
        (who, screen.name): status for screen in screens() for who, status in screen.statuses.items() if status not in (0, 303)
    }
    assert tour.statuses == wanted


async def test_every_picture_of_docs_can_be_taken(browser, world, tmp_path):
    await take_all(browser, world, tmp_path, pictures())
    taken = {path.name: size(path.read_bytes()) for path in tmp_path.iterdir()}
    assert taken == {picture.name: picture.pixels for picture in pictures()}
