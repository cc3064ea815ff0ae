"""What a program with a token may do at most. Pure: narrows what its person may do, and never widens it."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Final

from server.sites.models import Role


class Scope(StrEnum):
    """READ looks, COMMAND switches, MANAGE changes what a site's owner decides. Whoever may do anything may also look."""

    READ = "read"
    COMMAND = "command"
    MANAGE = "manage"


EVERY_SCOPE: Final = frozenset(Scope)


def narrowed(roles: Mapping[str, Role], scopes: Collection[Scope], site_id: str | None) -> dict[str, Role]:
    """The roles at the one site, or at all for None, each lowered to what the scopes can use."""
    return {site: _lowered(role, scopes) for site, role in roles.items() if site_id is None or site == site_id}


def as_text(scopes: Iterable[Scope]) -> str:
    """Scopes as they are kept, always in the same order, and always with READ."""
    chosen = {Scope.READ, *scopes}
    return " ".join(scope for scope in Scope if scope in chosen)


def from_text(kept: str) -> frozenset[Scope]:
    """What `as_text` made; a word that is not known any more allows nothing."""
    return frozenset(Scope(word) for word in kept.split() if word in EVERY_SCOPE)


def _lowered(role: Role, scopes: Collection[Scope]) -> Role:
    if role.may_manage and Scope.MANAGE in scopes:
        return role
    return Role.OPERATOR if role.may_command and Scope.COMMAND in scopes else Role.VIEWER
