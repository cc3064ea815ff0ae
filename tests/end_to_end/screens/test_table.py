"""The table of screens itself."""

from tests.end_to_end.screens.table import screens


def test_every_screen_is_named_once():
    names = [screen.name for screen in screens()]
    assert sorted(set(names)) == sorted(names)
