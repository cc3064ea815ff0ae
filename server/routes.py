"""All that the server answers to, in the order in which it is searched."""

from functools import cache

from fastapi import APIRouter
from starlette.routing import BaseRoute

import server.web
from server.accounts import routers as accounts_routers
from server.audit.pages import router as audit_pages_router
from server.audit.routes import router as audit_router
from server.commands.all_off_routes import router as all_off_router
from server.commands.pages import router as commands_pages_router
from server.commands.routes import ISSUE, issue
from server.commands.routes import router as commands_router
from server.doors import ROUTERS as DOORS
from server.favourites.routes import router as favourites_router
from server.health import router as health_router
from server.history.pages import router as history_pages_router
from server.history.routes import router as history_router
from server.http import PROBLEMS
from server.http.direct import DirectRoute
from server.http.docs import router as docs_router
from server.live.routes import router as live_router
from server.notify.routes import router as notify_router
from server.personal.routes import router as personal_router
from server.readings.routes import router as readings_router
from server.schedules.pages import router as schedule_pages
from server.schedules.routes import router as schedules_router


@cache
def routes() -> tuple[BaseRoute, ...]:
    """The same for every application: FastAPI works out a route when it is first searched, and that takes longer than the rest.

    A tap comes first: it must be felt at once. What a router asks of all its requests (`dependencies`) would not be asked of it.
    """
    together = APIRouter(responses=PROBLEMS)
    for router in (
        commands_router,
        health_router,
        docs_router,
        *accounts_routers,
        *DOORS,
        all_off_router,
        favourites_router,
        history_router,
        schedules_router,
        schedule_pages,
        history_pages_router,
        commands_pages_router,
        readings_router,
        audit_router,
        audit_pages_router,
        personal_router,
        notify_router,
        live_router,
        server.web.router,
    ):
        together.include_router(router)
    return (DirectRoute(ISSUE, issue, methods=["POST"]), *together.routes)
