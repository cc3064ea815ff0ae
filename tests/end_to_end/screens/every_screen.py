"""What holds of every screen, as everybody, at both sizes, light and dark, in real Chromium.

A module of tests for each language takes these tests over and says LANGUAGE, so that two workers share the walk.
"""

import pytest
import pytest_asyncio

from server.web.pages import environment
from tests.end_to_end.screens.table import once, screens
from tests.end_to_end.screens.tour import Tour

__all__ = [
    "pytestmark",
    "test_every_screen",
    "test_every_template_is_on_some_screen",
    "test_the_browser_got_what_the_tables_say",
    "tour",
]
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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tour(request, world, browser) -> Tour:
    made = Tour(world, request.module.LANGUAGE)
    await made.walk(browser)
    return made


@pytest.mark.parametrize("trial", TRIALS, ids=[rule.replace(" ", "-") for rule in TRIALS.values()])
async def test_every_screen(tour, trial):
    assert tour.faults[trial] == []
    assert tour.looked[trial] >= len(screens()) + len(once())


async def test_the_browser_got_what_the_tables_say(tour):
    lines = [(who, screen.name, status) for screen in [*screens(), *once()] for who, status in screen.statuses.items()]
    assert tour.statuses == {(who, name): status for who, name, status in lines if status not in (0, 303)}


async def test_every_template_is_on_some_screen(tour):
    assert set(environment().list_templates()) - tour.world.rendered() == set()
