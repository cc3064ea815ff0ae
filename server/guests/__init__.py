"""Guest links: chosen channels for who has the link, until a date, without an account. `Guests` stands at `app.state.guests`."""

from server.guests.guests import Guests, LinkNow

__all__ = ["Guests", "LinkNow"]
