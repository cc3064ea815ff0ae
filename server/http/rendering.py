"""Where pages come from, as far as the server's inner parts know."""

from typing import Any, Protocol, cast

from fastapi import Request, Response

from server.http.bearer import bearer_of


class Texts(Protocol):
    """The texts of one language."""

    def __call__(self, key: str, **places: object) -> str:
        """The text of a key with its places filled in."""

    def first(self, *keys: str) -> str:
        """The text of the first key that there is."""


class Pages(Protocol):
    """The application puts one at `app.state.pages`; `server.web` is one."""

    def render(self, request: Request, name: str, *, status_code: int = 200, **context: Any) -> Response:
        """A template as a page."""

    def texts(self, request: Request) -> Texts:
        """The texts of the reader's language."""

    def render_error(self, request: Request, status: int, code: str = "", *, after_s: int | None = None) -> Response:
        """The page for an HTTP error. `code`: the problem's word. `after_s`: when to try again."""


def pages_of(request: Request) -> Pages:
    """The pages of the application that this request came to."""
    return cast("Pages", request.app.state.pages)


def wants_page(request: Request) -> bool:
    """Whether a person with a browser asks, rather than a program."""
    if request.url.path.startswith("/api/") or "text/html" not in request.headers.get("accept", ""):
        return False
    return bearer_of(request.scope) is None


def own_path(path: str) -> str:
    """The path when it is one of this host's, else `/`: a form must not send people elsewhere."""
    plain = path.startswith("/") and not path.startswith("//") and path.isascii() and path.isprintable() and "\\" not in path
    return path if plain else "/"
