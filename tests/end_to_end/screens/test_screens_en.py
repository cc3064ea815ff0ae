"""Every screen in English. Pictures of both languages are tried here."""

from tests.end_to_end.screens import every_screen
from tests.end_to_end.screens.every_screen import *  # noqa: F403 (the tests are the same in every language)
from tests.end_to_end.screens.pictures import pictures, size, take_all

LANGUAGE = "en"
pytestmark = every_screen.pytestmark


async def test_every_picture_of_docs_can_be_taken(browser, world, tmp_path):
    await take_all(browser, world, tmp_path, pictures())
    taken = {path.name: size(path.read_bytes()) for path in tmp_path.iterdir()}
    assert taken == {picture.name: picture.pixels for picture in pictures()}
