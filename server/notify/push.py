"""Web push: a message encrypted for one browser (RFC 8291), signed by this server (RFC 8292), given to the browser's service (RFC 8030).

The service's address was checked when it was given; it is looked up and checked again for each message, and the connection goes to the
very address that was checked. No redirect is followed.
"""

import http.client
import json
import logging
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from server.notify.aside import AllBusy, Aside
from server.notify.keys import PushKey
from server.notify.outcome import Outcome, Said
from server.notify.places import NotAllowed, Places

log = logging.getLogger("congtac.notify")

CONNECT_S: Final = 5.0
ANSWER_S: Final = 10.0
SIGNED_S: Final = 12 * 3600
MOST_BODY_CHARACTERS: Final = 500


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a browser is reached, and the keys that it gave."""

    endpoint: str
    p256dh: str
    auth: str


class Push:
    """Sends to browsers. `contact`: whom a push service may ask about this server, an https: or mailto: address."""

    def __init__(self, key: PushKey, places: Places, contact: str) -> None:
        self._key = key
        self._places = places
        self._contact = contact
        self._aside = Aside("push")

    @property
    def public_key(self) -> str:
        """What a browser must be told to subscribe."""
        return self._key.public

    def check(self, endpoint: str) -> None:
        """Whether a browser that is reached there may subscribe. Raises NotAllowed."""
        self._places.check_endpoint(endpoint)

    async def send(self, browser: Browser, said: Said, whose: str = "") -> Outcome:
        """One attempt."""
        try:
            return await self._aside.call(lambda: self._send(browser, said), whose)
        except AllBusy as error:
            log.warning("a push waits: %s", error)
            return Outcome.REFUSED

    def _send(self, browser: Browser, said: Said) -> Outcome:
        try:
            self._places.check_endpoint(browser.endpoint)
            body, headers = self._sealed(browser, said)
            connection = self._connected(browser.endpoint)
        except NotAllowed as error:
            log.warning("a push was not sent: %s", error.reason)
            return Outcome.FAILED
        except OSError as error:
            log.info("a push service was not reached: %s", error)
            return Outcome.REFUSED
        except ValueError:
            return Outcome.FAILED  # its keys are none
        try:
            parts = urlsplit(browser.endpoint)
            connection.request("POST", parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
            return _judged(connection.getresponse().status)
        except (OSError, http.client.HTTPException) as error:
            log.info("a push service did not answer: %s", error)
            return Outcome.UNSURE
        finally:
            connection.close()

    def _connected(self, endpoint: str) -> http.client.HTTPConnection:
        parts = urlsplit(endpoint)
        secure, host = parts.scheme == "https", parts.hostname or ""
        port = parts.port or (443 if secure else 80)
        address = self._places.addresses(host, port)[0]
        connection = http.client.HTTPConnection(host, port, timeout=ANSWER_S)
        plain = socket.create_connection((address, port), timeout=CONNECT_S)
        try:
            connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain
        except BaseException:
            plain.close()
            raise
        connection.sock.settimeout(ANSWER_S)
        return connection

    def _sealed(self, browser: Browser, said: Said) -> tuple[bytes, dict[str, str]]:
        from py_vapid import Vapid02  # late: they bring much along, and most servers start without ever sending
        from pywebpush import WebPusher, WebPushException

        parts = urlsplit(browser.endpoint)
        info = {"endpoint": browser.endpoint, "keys": {"p256dh": browser.p256dh, "auth": browser.auth}}
        try:
            body: bytes = WebPusher(info).encode(payload(said))["body"]
        except WebPushException as error:
            raise ValueError(str(error)) from error
        claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int(time.time()) + SIGNED_S, "sub": self._contact}
        signed: dict[str, str] = Vapid02(self._key.private).sign(claims)
        headers = {
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(said.lasts_s),
            "Urgency": "high" if said.urgent else "normal",
            "Topic": said.tag[:32],
        }
        return body, headers | signed


def payload(said: Said) -> bytes:
    """What the page's worker reads."""
    told: dict[str, Any] = {
        "title": said.title,
        "body": said.body[:MOST_BODY_CHARACTERS],
        "lang": said.language,
        "tag": said.tag,
        "url": said.path,
        "at_ms": said.at_ms,
    }
    return json.dumps(told, ensure_ascii=False).encode()


def _judged(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome.SENT
    if status in (404, 410):
        return Outcome.GONE
    log.info("a push service answered %d", status)
    return Outcome.REFUSED if status == 429 or status >= 500 else Outcome.FAILED
