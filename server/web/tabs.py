"""The tabs around every page of a member: where there is to go, and which of them one is in."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Tab:
    """`name`: its words are `tab.{name}`, its icon is `i-tab-{name}`. `path`: where it leads."""

    name: str
    path: str


TABS: Final = (
    Tab("home", "/"),
    Tab("schedules", "/schedules"),
    Tab("activity", "/activity"),
    Tab("places", "/sites"),
    Tab("account", "/account"),
)
_BEGINS: Final = {"devices": "home", "activity": "activity", "sites": "places", "account": "account", "prove": "account"}
_ENDS: Final = {"schedules": "schedules"}


def tab_of(path: str) -> str:
    """The name of the tab that a page belongs to, by its address; "" for none. What it ends in counts before what it begins with."""
    parts = path.strip("/").split("/")
    return "home" if path == "/" else _ENDS.get(parts[-1]) or _BEGINS.get(parts[0], "")
