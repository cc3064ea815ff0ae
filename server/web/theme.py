"""Light, dark, or as the system is set: a reader's choice, in a cookie, so that the first picture has the right colours already."""

from typing import Final, Literal, get_args

from fastapi import Request

Theme = Literal["system", "light", "dark"]

COOKIE: Final = "theme"
THEMES: Final[tuple[Theme, ...]] = get_args(Theme)
GROUND: Final = {"light": "#f2f5f1", "dark": "#0e1411"}
"""What is around the page on a phone: `--ground` of tokens.css."""


def theme_of(request: Request) -> Theme:
    """The theme for a request: the chosen one, else the system's."""
    chosen = request.cookies.get(COOKIE)
    return next((theme for theme in THEMES if theme == chosen), "system")
