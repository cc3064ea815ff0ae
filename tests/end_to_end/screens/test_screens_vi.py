"""Every screen in Vietnamese. Who is sent elsewhere is the same in every language, and tried here."""

from tests.end_to_end.screens import every_screen
from tests.end_to_end.screens.every_screen import *  # noqa: F403 (the tests are the same in every language)
from tests.end_to_end.screens.table import screens
from tests.end_to_end.screens.world import visitor

LANGUAGE = "vi"
pytestmark = every_screen.pytestmark


async def test_who_gets_no_screen_is_sent_elsewhere(world):
    sent = [
        (who, screen.name, screen.address) for screen in screens() for who, status in screen.statuses.items() if status == 303
    ]
    told = {}
    for who, name, address in sent:
        async with visitor(world, who) as client:
            told[who, name] = (await client.get(world.address(address))).status_code
    assert told == {(who, name): 303 for who, name, _ in sent}
