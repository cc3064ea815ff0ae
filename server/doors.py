"""Who is let in beside the owner, put together: invitations, guest links, and what happens to commands of who is let out."""

from typing import Any, Final

from server.accounts import Accounts
from server.db import Database
from server.devices import choosing_routes, device_doors, device_page
from server.devices import pages as device_section
from server.devices import routes as device_routes
from server.guests import Guests
from server.guests import pages as guest_section
from server.guests import routes as guest_routes
from server.invitations import Invitations
from server.invitations import pages as invitation_section
from server.invitations import routes as invitation_routes
from server.sites import Role, Sites
from server.sites import pages as site_pages
from server.sites import routes as site_routes
from server.switchboard import Switchboard

ROUTERS: Final = (
    device_routes.router,
    choosing_routes.router,
    site_routes.router,
    invitation_routes.router,
    guest_routes.router,
    site_pages.router,
    device_page.router,
    device_doors.router,
    device_section.router,
    invitation_section.router,
    guest_section.router,
    invitation_routes.page_router,
    guest_routes.page_router,
)
SECTIONS: Final = (
    device_section.SECTION,
    site_pages.MEMBERS,
    invitation_section.SECTION,
    guest_section.SECTION,
    site_pages.SETTINGS,
    site_pages.LEAVE,
)
"""The sections of a site's page, in their order."""


async def open_doors(state: Any, database: Database, board: Switchboard) -> None:
    """Let them in from now on. Needs `accounts` and `sites` in the application's state; adds `invitations` and `guests`."""
    accounts: Accounts = state.accounts
    sites: Sites = state.sites
    state.invitations = Invitations(database, accounts, sites)
    state.guests = Guests(database, sites)
    state.guests.on_end.append(board.desk.bar)
    sites.on_site_change.append(board.site_changed)
    sites.after_role.append(lambda site_id, user_id, role: _take_back(board, site_id, user_id, role))
    await _bar_ended_links(state.guests, board)


async def _take_back(board: Switchboard, site_id: str, user_id: str, role: Role | None) -> None:
    """Who may no longer switch there has nothing waiting there any more."""
    if role is None or not role.may_command:
        await board.desk.take_back(f"user:{user_id}", [device.id for device in board.registry if device.site_id == site_id])


async def _bar_ended_links(guests: Guests, board: Switchboard) -> None:
    """What a guest asked for whose link ended just before the last run did is not sent either."""
    asked = [actor.removeprefix("guest:") for actor in board.desk.waiting_actors() if actor.startswith("guest:")]
    for link_id in await guests.ended_among(asked):
        await board.desk.bar(f"guest:{link_id}")
