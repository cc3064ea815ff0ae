"""E-mail and messengers through Apprise, for addresses that people type: only services known here, only with what these need.

Apprise can also write files, speak to the desktop, and call any URL. None of that is let through: a scheme must be in SERVICES, or be
named by the operator; options in the address must be among OPTIONS, since some read files; and where the host is the person's to choose, as
for e-mail, it must be public, and asked on a port for mail.
"""

import logging
import socket
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from server.errors import Problem
from server.notify.aside import AllBusy, Aside
from server.notify.outcome import Outcome, Said
from server.notify.places import NotAllowed, Places

log = logging.getLogger("congtac.notify")

SERVICES: Final[dict[str, str | None]] = {
    "mailto": None,
    "mailtos": None,
    "tgram": "api.telegram.org",
    "zalo": "bot-api.zaloplatforms.com",
    "discord": "discord.com",
    "slack": "slack.com",
    "gchat": "chat.googleapis.com",
    "line": "api.line.me",
    "pover": "api.pushover.net",
    "pbul": "api.pushbullet.com",
    "whatsapp": "graph.facebook.com",
    "ntfy": "ntfy.sh",
    "ntfys": "ntfy.sh",
}
"""By scheme, the one host that the service has; None: the address names it, and it is checked."""

NEVER: Final = frozenset(("dbus", "kde", "qt", "glib", "gnome", "macosx", "windows", "syslog", "blink1", "file", "vapid"))
"""What would act on the server's own machine: no setting lets it through."""

OPTIONS: Final = frozenset(
    ("to", "from", "name", "smtp", "mode", "user", "pass", "cc", "bcc", "reply", "topic", "thread", "silent")
)
MAIL_PORTS: Final = frozenset((25, 465, 587, 2525))
"""A name is looked up once more after it was checked: whatever it leads to by then is asked for mail only."""
LONGEST: Final = 500
CONNECT_S: Final = 5.0
ANSWER_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Checked:
    """An address that may be used. `shown`: the same with what is secret masked."""

    scheme: str
    shown: str


class Messengers:
    """Checks addresses, and sends. `schemes`: further ones that the operator lets through."""

    def __init__(self, places: Places, schemes: tuple[str, ...] = ()) -> None:
        self._places = places
        self._schemes = frozenset(schemes) - NEVER
        self._aside = Aside("messengers")

    def scheme_of(self, address: str) -> str:
        """The scheme, if the address may be used as far as it tells itself. Raises NotAllowed."""
        if len(address) > LONGEST or not address.isprintable() or any(letter.isspace() for letter in address):
            raise NotAllowed("not_an_address")
        scheme, colon, _ = address.partition("://")
        scheme = scheme.lower()
        if not colon:
            raise NotAllowed("not_an_address")
        if scheme not in SERVICES and scheme not in self._schemes:
            raise NotAllowed("unknown_service")
        query = address.partition("?")[2].replace(";", "&")  # Apprise parts options at either
        if scheme in SERVICES and any(key.lower() not in OPTIONS for key, _ in parse_qsl(query, keep_blank_values=True)):
            raise NotAllowed("option")
        return scheme

    async def check(self, address: str, whose: str = "") -> Checked:
        """Raises NotAllowed, and Problem 503 while too much is looked up. Looks up the host where the address names one."""
        scheme = self.scheme_of(address)
        try:
            return await self._aside.call(lambda: self._check(address, scheme), whose)
        except AllBusy:
            raise Problem(
                503, "busy", detail="Too many wait for a messenger. Try again.", headers={"Retry-After": "30"}
            ) from None

    def _check(self, address: str, scheme: str) -> Checked:
        plugin = self._plugin(address, scheme)
        host, port = self._reached(plugin, scheme)
        if host is not None and host != SERVICES[scheme]:
            try:
                self._places.addresses(host, port)
            except OSError:
                raise NotAllowed("no_such_host") from None
        return Checked(scheme, masked(plugin, scheme))

    async def send(self, address: str, said: Said, whose: str = "") -> Outcome:
        """One attempt."""
        try:
            return await self._aside.call(lambda: self._send(address, said), whose)
        except AllBusy as error:
            log.warning("a message waits: %s", error)
            return Outcome.REFUSED

    def _send(self, address: str, said: Said) -> Outcome:
        try:
            scheme = self.scheme_of(address)
            plugin = self._plugin(address, scheme)
            host, port = self._reached(plugin, scheme)
            self._try_to_reach(host, port)
        except NotAllowed as error:
            log.warning("a message was not sent: %s", error.reason)
            return Outcome.FAILED
        except OSError as error:
            log.info("a messenger was not reached: %s", error)
            return Outcome.REFUSED
        try:
            done = plugin.notify(title=said.title, body=said.body)
        except Exception:  # noqa: BLE001 (a hundred plugins, each with errors of its own; their texts may hold the address)
            log.warning("a messenger failed in an unknown way: %s", scheme)
            return Outcome.UNSURE
        return Outcome.SENT if done else Outcome.FAILED

    def _try_to_reach(self, host: str | None, port: int) -> None:
        """What cannot be reached was surely not told, and may be tried again. Raises OSError, NotAllowed."""
        if host is not None:
            socket.create_connection((self._places.addresses(host, port)[0], port), timeout=CONNECT_S).close()

    def _reached(self, plugin: Any, scheme: str) -> tuple[str | None, int]:
        """Host and port of the service. Of what only the operator let through nothing is known. Raises NotAllowed."""
        if scheme not in SERVICES:
            return None, 0
        host = SERVICES[scheme]
        if host is not None:
            return host, 443
        port = int(plugin.port or (587 if plugin.secure else 25))
        if port not in MAIL_PORTS and not self._places.private:
            raise NotAllowed("mail_port")
        return str(plugin.smtp_host), port

    def _plugin(self, address: str, scheme: str) -> Any:
        from apprise import Apprise  # late: it brings a hundred services along

        for name in ("apprise", "urllib3"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # they log addresses, and what is in them
        plugin = Apprise.instantiate(address, suppress_exceptions=True)
        if plugin is None:
            raise NotAllowed("not_an_address")
        if scheme in ("ntfy", "ntfys") and getattr(plugin, "mode", "") != "cloud":
            raise NotAllowed("own_host")
        plugin.socket_connect_timeout, plugin.socket_read_timeout = CONNECT_S, ANSWER_S
        plugin.verify_certificate = True
        plugin.retry = 0
        return plugin


def masked(plugin: Any, scheme: str) -> str:
    """An address that tells its owner which it is, and nobody how to use it."""
    if scheme in ("mailto", "mailtos"):
        targets = [str(pair[1] if isinstance(pair, tuple | list) else pair) for pair in getattr(plugin, "targets", [])]
        return f"{scheme}://…  {', '.join(_short(target) for target in targets[:2])}"[:120]
    plain = str(plugin.url(privacy=True)).partition("?")[0]
    return plain[:120]


def _short(address: str) -> str:
    name, _, host = address.rpartition("@")
    return f"{name[:1]}…@{host}"
