"""Everything between the database and the broker, put together: who hears devices, who speaks to them, who shows them."""

import asyncio
import logging
import random
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from fastapi import Request
from sqlmodel import col, select

from protocol import topics
from protocol.backoff import Backoff
from protocol.errors import LinkDown
from protocol.link import Link, LinkSettings, LinkState, Received
from server.broker.downlink import Downlink
from server.broker.key_ring import KeyRing
from server.commands.desk import Desk
from server.db import Database
from server.devices.ingest import Ingest
from server.devices.load import load_commands, load_devices, load_last_id, load_newest_sent, note_absence
from server.devices.newcomers import Newcomers
from server.devices.revoking import RevokedElsewhere
from server.devices.state import DeviceNow, DevicePresence, Measured, Registry
from server.devices.watch import Watch
from server.favourites import Favourites
from server.health import NotReady
from server.live.hub import Hub
from server.readings.intake import Intake
from server.readings.search import find_latest
from server.sites import Site

log = logging.getLogger("congtac.server")

KEEPALIVE_S = 15
LONGEST_RETRY_S = 5.0
KEYS_WITHIN_MS = 3_000


class Switchboard:
    """The registry of devices, the link to the broker, and the parts that work between them."""

    def __init__(
        self,
        database: Database,
        ring: KeyRing,
        link: LinkSettings,
        now_ms: Callable[[], int],
        *,
        ttl_s: float,
        grace_s: float,
        backoff: Backoff | None = None,
    ) -> None:
        self.database = database
        self.now_ms = now_ms
        self.registry = Registry()
        self.sites: dict[str, dict[str, Any]] = {}
        self.favourites = Favourites(database, now_ms)
        self.hub = Hub(self.registry, now_ms, self.sites.values, self.favourites.of)
        # one client of its broker, for which everyone waits: it need not hold back as a thousand devices must
        backoff = backoff or Backoff(random.uniform, cap_s=LONGEST_RETRY_S)
        self.link = Link(link, on_message=self._received, on_state=self._link_state, backoff=backoff)
        self.downlink = Downlink(self.link, ring, self._trusts_of)
        self.desk = Desk(self.registry, database.writer, self.downlink, self.hub, now_ms, ttl_s=ttl_s, grace_s=grace_s)
        self.newcomers = Newcomers(database, now_ms, self._welcome_newcomer)
        self.ingest = Ingest(self.registry, database.writer, self.downlink, self.hub, self.desk, now_ms, self.newcomers.hold)
        self.ingest.on_reading = Intake(database.writer, self.hub, now_ms).take
        self.revoked_elsewhere = RevokedElsewhere(database, now_ms, self.was_revoked)
        self.watch = Watch(self.registry, self.ingest, database.writer, now_ms)

    async def load(self) -> None:
        """Take up what earlier runs left."""
        async with self.database.read() as session:
            for site in await session.exec(select(Site).order_by(col(Site.name), col(Site.id))):
                self.add_site(site)
            await load_devices(session, self.registry)
            for reading in await find_latest(session):
                if (device := self.registry.get(reading.device_id)) is not None:
                    device.measured[reading.channel] = Measured(reading.at_ms, reading.value, reading.unit)
            last_id = await load_last_id(session)
            if last_id is not None:
                self.desk.go_on_after(last_id)
            for command in await load_newest_sent(session):
                self.desk.was_sent(command)
            self.desk.adopt(await load_commands(session, self.registry, self.now_ms()))
        await self.favourites.load()
        await self.database.writer.run(partial(note_absence, registry=self.registry))

    def add_site(self, site: Site) -> None:
        """A site was founded, or read from the database."""
        told = site.model_dump(include={"id", "slug", "name", "timezone", "tariff_vnd_kwh"})
        self.sites[site.id] = told

    def site_changed(self, site: Site) -> None:
        """A site was founded or changed."""
        self.add_site(site)
        self.hub.site_changed(site.id)

    async def run(self) -> None:
        """Hear and speak, until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.link.run(), name="broker link")
                group.create_task(self.watch.run(), name="presence watch")
                group.create_task(self.newcomers.run(), name="newcomers")
                group.create_task(self.revoked_elsewhere.run(), name="revoked elsewhere")
        finally:
            self.desk.close()

    async def check_link(self) -> None:
        """For /readyz. Raises NotReady while the broker cannot be reached."""
        if not self.hub.link_up:
            raise NotReady("no link to the broker")

    def _received(self, message: Received) -> None:
        self.ingest.take(message)

    def _welcome_newcomer(self, device: DeviceNow, said: list[Received]) -> None:
        self.registry.add(device)
        self.hub.device_changed(device)
        for message in said:
            self.ingest.take(message)

    def _trusts_of(self, device_id: str) -> frozenset[str] | None:
        device = self.registry.get(device_id)
        return None if device is None else device.trusts

    def keys_changed(self, ring: KeyRing) -> None:
        """The signing key is being replaced: all devices are asked to say hello, and so learn of it."""
        self.downlink.ring = ring
        log.warning("the signing keys changed: there are %d", len(ring.keys))
        for device in self.registry:
            if device.presence is DevicePresence.ONLINE:
                self.ingest.call_roll(device, within_ms=KEYS_WITHIN_MS)

    def was_enrolled(self, device: DeviceNow) -> None:
        """A device is one of ours from now on; or it is one whose old hardware has just lost its session without a word."""
        known = self.registry.get(device.id)
        if known is not None:
            known.held = None
            self.ingest.became(known, DevicePresence.OFFLINE)
            return
        self.registry.add(device)
        self.hub.device_changed(device)

    def was_revoked(self, device_id: str, since_ms: int) -> None:
        """Nothing that this device says counts any more. Every open page is told, and the broker forgets what it kept of it."""
        device = self.registry.get(device_id)
        if device is None or device.presence is DevicePresence.REVOKED:
            return
        self.ingest.became(device, DevicePresence.OFFLINE)  # kept as what it is for the history: gone
        device.presence, device.presence_ms = DevicePresence.REVOKED, since_ms
        with suppress(LinkDown):
            self.downlink.forget_presence(device_id)
        self.hub.device_changed(device)

    def _link_state(self, state: LinkState) -> None:
        up = state is LinkState.UP
        if up is self.hub.link_up:
            return
        log.info("the link to the broker is %s", state.value)
        self.watch.link_changed(up)
        self.hub.link_changed(up)


def link_settings(host: str, port: int, user: str, secret: str, tls: ssl.SSLContext | None = None) -> LinkSettings:
    """The server's own link: hears all that devices say."""
    return LinkSettings(
        host=host,
        port=port,
        user=user,
        secret=secret,
        subscriptions=(topics.everything_up(),),
        keepalive_s=KEEPALIVE_S,
        most_unacknowledged=20_000,
        tls=tls,
    )


def switchboard(request: Request) -> Switchboard:
    """The switchboard of the application that serves this request."""
    board: Switchboard = request.app.state.switchboard
    return board
