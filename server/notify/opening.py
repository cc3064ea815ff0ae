"""Put together from settings."""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from server.db import Database
from server.notify.keys import push_key, seal
from server.notify.messengers import Messengers
from server.notify.notices import Notices
from server.notify.places import Places
from server.notify.push import Push
from server.notify.store import Store
from server.settings import Settings
from server.switchboard import Switchboard

NOBODY: Final = "https://localhost"


async def opened_notices(settings: Settings, database: Database, board: Switchboard, now_ms: Callable[[], int]) -> Notices:
    """Listens from now on; what it decides is sent while its `run` runs. Raises StartError where a key is no good."""
    places = Places(_words(settings.notify_push_hosts.lower()), private=settings.notify_private)
    notices = Notices(
        board,
        Store(database, now_ms),
        Push(push_key(settings.data_dir), places, contact_of(settings)),
        Messengers(places, _words(settings.notify_services)),
        seal(settings.data_dir),
        now_ms,
        away_s=settings.notify_away_s,
        back_s=settings.notify_back_s,
    )
    await notices.open()
    return notices


def contact_of(settings: Settings) -> str:
    """The contact for push services: they take an e-mail address, or a site by https with a name and no port."""
    parts = urlsplit(settings.public_url)
    own = f"https://{parts.hostname}" if parts.scheme == "https" and "." in (parts.hostname or "") else NOBODY
    return settings.notify_contact or own


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
