"""What the pages need from the server around them: who is looking, and what there is to see."""

from typing import Any, Protocol, cast

from fastapi import Request


class Viewer(Protocol):
    """A person who is signed in."""

    @property
    def user_id(self) -> str:
        """The person's own id."""

    @property
    def name(self) -> str:
        """What to call the person on the page: untrusted text."""


class WebBackend(Protocol):
    """The application puts one of these at `app.state.web`."""

    async def viewer(self, request: Request) -> Viewer | None:
        """The person behind a request; None when signed out."""

    def snapshot(self, viewer: Viewer) -> dict[str, Any]:
        """All that this person may see, as `shapes.Snapshot`."""


def backend_of(request: Request) -> WebBackend:
    """The backend of the application that this request came to."""
    return cast("WebBackend", request.app.state.web)
