"""Invitations: links that make whoever accepts them a member of a site. `Invitations` stands at `app.state.invitations`."""

from server.invitations.invitations import Invitations, Offer

__all__ = ["Invitations", "Offer"]
