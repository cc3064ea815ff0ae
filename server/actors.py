"""How commands, devices and the history name who asked, in no language: a person by the name, a guest by GUEST and the link's name.

What reads it to people says it in their language: `server/web/actors.py`, and `words.js` on the pages.
"""

from typing import Final

GUEST: Final = "guest:"
_FORMERLY: Final = "khách: "
"""The same in rows that were written before, and in the memory of devices that were switched before."""


def guest_called(name: str) -> str:
    """A guest of the link with that name."""
    return GUEST + name


def actor_of(stored: str | None) -> str | None:
    """Who is told of, of what was stored or came from a device; None where nobody is."""
    if stored and stored.startswith(_FORMERLY):
        return guest_called(stored.removeprefix(_FORMERLY))
    return stored or None
