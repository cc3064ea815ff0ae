"""The page of a site is a list of sections, each with a template of its own; other domains add theirs where the application is made."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from fastapi import Request, Response

from server.http import pages_of
from server.sites.access import At

Shows = Callable[[Request, At], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: its anchor, and what its template `site_{anchor}.html` gets as `shown`, beside `at` and `fresh`."""

    anchor: str
    shows: Shows
    owners_only: bool = False

    @property
    def template(self) -> str:
        """The template's name."""
        return f"site_{self.anchor}.html"


async def site_page(request: Request, at: At, *, fresh: dict[str, Any] | None = None, status_code: int = 200) -> Response:
    """The page. `fresh`: what was made just now and is shown this once: its section's `anchor`, and the `url` of a link."""
    every = cast("Sequence[Section]", request.app.state.site_sections)
    sections = [
        {"anchor": section.anchor, "template": section.template, "shown": await section.shows(request, at)}
        for section in every
        if at.role.may_manage or not section.owners_only
    ]
    return pages_of(request).render(
        request,
        "site.html",
        status_code=status_code,
        viewer=at.who,
        at=at,
        sections=sections,
        fresh=fresh,
        back=f"/sites/{at.site.slug}",
    )
