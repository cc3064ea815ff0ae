"""What the pages show, taken from the switchboard for whoever is signed in."""

from typing import Any, cast

from fastapi import Request

from server.accounts import Principal, find_visitor
from server.switchboard import Switchboard
from server.web.backend import Viewer


class Front:
    """The pages' backend."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board

    async def viewer(self, request: Request) -> Viewer | None:
        """The person or guest behind a request; None when signed out."""
        return await find_visitor(request)

    def snapshot(self, viewer: Viewer) -> dict[str, Any]:
        """All that this person may see."""
        return self._board.hub.snapshot(cast("Principal", viewer))
