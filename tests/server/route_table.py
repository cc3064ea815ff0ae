"""Every route that an application has, also those that its description leaves out."""

from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Route


def every_route(app: FastAPI) -> list[tuple[str, str]]:
    """(method, path) of each, as the routers were given them."""
    found = [(method, route.path) for route in _flat(app.routes) for method in sorted(route.methods or ())]
    assert len(found) > 20, "routers are kept in another way than this test knows"
    return found


def _flat(routes: list[BaseRoute]) -> Iterator[APIRoute | Route]:
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _flat(inner.routes)
        elif isinstance(route, APIRoute | Route):
            yield route
