"""A route for a request that has to be quick: found first, and called with nothing in between."""

from typing import Any

from starlette.routing import Match, Route
from starlette.types import Scope


class DirectRoute(Route):
    """FastAPI takes longer to find a route and to call it than such a request takes for the rest, also where it has nothing to do.

    The same function is a route of FastAPI's as well, which documents it, and answers for all other methods.
    """

    def matches(self, scope: Scope) -> tuple[Match, dict[str, Any]]:
        """As Starlette's; the route that was found is told as FastAPI tells it."""
        match, found = super().matches(scope)
        return (match, {**found, "route": self}) if match is Match.FULL else (Match.NONE, {})
