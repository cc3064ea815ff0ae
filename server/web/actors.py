"""Who asked, as people read it. Pure; `words.js` has the same rule."""

from server.actors import GUEST
from server.http.rendering import Texts


def who(actor: str, t: Texts) -> str:
    """A person's name as it is; of a guest also that they are one."""
    name = actor.removeprefix(GUEST)
    return actor if name == actor else t("told.guest", name=name)
