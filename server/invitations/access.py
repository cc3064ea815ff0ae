"""The invitations of an application, and where their links lead."""

from typing import cast

from fastapi import Request

from server.invitations.invitations import Invitations
from server.settings import Settings


def invitations_of(request: Request) -> Invitations:
    """The invitations of the application that this request came to."""
    return cast("Invitations", request.app.state.invitations)


def invitation_url(request: Request, token: str) -> str:
    """The address that an invitation is opened by."""
    return f"{cast('Settings', request.app.state.settings).address}/invitations/{token}"
