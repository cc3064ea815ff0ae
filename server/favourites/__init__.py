"""What each person likes to have on top. What others may use: `Favourites`."""

from server.favourites.favourites import Favourites

__all__ = ["Favourites"]
