"""Tells every open page what changed. A slow page skips what is no longer so, and never holds more than one change of each thing."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from pydantic_core import to_json

from server.accounts import Principal
from server.devices.state import ChannelNow, DeviceNow, Registry
from server.live.views import channel_view_for, device_view_for

STEPS_WITHIN_S: Final = 0.005
READINGS_WITHIN_S: Final = 1.0


class Change(NamedTuple):
    """One event of a stream: its name, and its data as JSON on one line."""

    event: str
    data: bytes

    @property
    def frame(self) -> bytes:
        """The event as it stands in a stream of server-sent events."""
        return b"event: %b\ndata: %b\n\n" % (self.event.encode(), self.data)


class _Key(NamedTuple):
    device_id: str
    channel: str | None


class Stream:
    """One open page of somebody's."""

    def __init__(self, hub: "Hub", viewer: Principal) -> None:
        self._hub = hub
        self._viewer = viewer
        self._all_anew = False
        self._changed: dict[_Key | None, None] = {}
        self._wake = asyncio.Event()
        self._later: asyncio.TimerHandle | None = None

    def see_as(self, viewer: Principal) -> None:
        """The viewer as they are now. Where they may see other things than before, all is told anew."""
        if (viewer.roles, viewer.guest) != (self._viewer.roles, self._viewer.guest):
            self.tell_anew()
        self._viewer = viewer

    def tell_anew(self) -> None:
        """What is told next is all that there is."""
        self._all_anew = True
        self._wake.set()

    def sees_site(self, site_id: str) -> bool:
        """Whether the page shows anything of that site."""
        return self._viewer.role_at(site_id) is not None

    def is_of(self, user_id: str) -> bool:
        """Whether it is this person's page."""
        return self._viewer.guest is None and self._viewer.user_id == user_id

    def offer(self, key: _Key | None, site_id: str | None, within_s: float = 0) -> None:
        """Something changed; None: the link to the broker. It may be told so much later, together with what changes until then."""
        if key is not None and site_id is not None and not self._sees(key, site_id):
            return
        self._changed[key] = None
        if within_s <= 0:
            self._wake.set()
            return
        loop = asyncio.get_running_loop()
        if self._later is None or loop.time() + within_s < self._later.when():
            self._drop_timer()
            self._later = loop.call_later(within_s, self._wake.set)

    def _sees(self, key: _Key, site_id: str) -> bool:
        if key.channel is None:
            return self._viewer.may_see_device(site_id, key.device_id)
        return self._viewer.may_see_channel(site_id, key.device_id, key.channel)

    def close(self) -> None:
        """Forget what would have been told."""
        self._changed.clear()
        self._all_anew = False
        self._drop_timer()

    def _drop_timer(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None

    async def next(self, within_s: float) -> list[Change]:
        """What changed since last asked, each thing once and as it is now; empty when nothing did within that time."""
        timer = asyncio.get_running_loop().call_later(within_s, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()
        self._wake.clear()
        self._drop_timer()
        if self._all_anew:
            return [self.snapshot()]
        changed, self._changed = self._changed, {}
        return [change for key in changed if (change := self._hub.render(key, self._viewer)) is not None]

    def snapshot(self) -> Change:
        """Everything, as it is now; what had changed before is part of it."""
        self.close()
        self._wake.clear()
        return Change("snapshot", json_line(self._hub.snapshot(self._viewer)))


def _site_for(site: dict[str, Any], role: str) -> dict[str, Any]:
    """A place as somebody in that role sees it: what its power costs is no guest's business."""
    return {**site, "role": role} | ({"tariff_vnd_kwh": None} if role == "guest" else {})


def json_line(value: Any) -> bytes:
    """JSON on one line: line breaks inside texts are escaped."""
    return to_json(value)


class Hub:
    """All open pages, and the one place that turns devices into what they are shown."""

    def __init__(
        self,
        registry: Registry,
        now_ms: Callable[[], int],
        sites: Callable[[], Iterable[dict[str, Any]]],
        favourites: Callable[[str], Iterable[tuple[str, str]]] = lambda _user_id: (),
    ) -> None:
        self._registry = registry
        self._now_ms = now_ms
        self._sites = sites
        self._favourites = favourites
        self._streams: set[Stream] = set()
        self._rendered: dict[_Key, Change] = {}
        self.link_up = False

    @contextmanager
    def stream(self, viewer: Principal) -> Iterator[Stream]:
        """An open page, for as long as the block lasts."""
        stream = Stream(self, viewer)
        self._streams.add(stream)
        try:
            yield stream
        finally:
            self._streams.discard(stream)
            stream.close()

    def channel_changed(self, device: DeviceNow, channel: ChannelNow) -> None:
        """What a device reports of a channel is not what it was: told at once."""
        self._offer(_Key(device.id, channel.about.id), device.site_id)

    def command_changed(self, device: DeviceNow, channel: ChannelNow) -> None:
        """A channel's latest command took a step. Its steps follow each other in a few milliseconds: told as one where they do."""
        self._offer(_Key(device.id, channel.about.id), device.site_id, STEPS_WITHIN_S)

    def reading_changed(self, device: DeviceNow, channel: ChannelNow) -> None:
        """A sensor measured something. Nobody waits for it: it is told with what else is told within a second."""
        self._offer(_Key(device.id, channel.about.id), device.site_id, READINGS_WITHIN_S)

    def device_changed(self, device: DeviceNow) -> None:
        """A device's presence, name or list of channels is not what it was."""
        self._offer(_Key(device.id, None), device.site_id)

    def site_changed(self, site_id: str) -> None:
        """A site is not what it was: its name, its time zone, its tariff."""
        for stream in self._streams:
            if stream.sees_site(site_id):
                stream.tell_anew()

    def favourites_changed(self, user_id: str) -> None:
        """What this person likes best is not what it was."""
        for stream in self._streams:
            if stream.is_of(user_id):
                stream.tell_anew()

    def link_changed(self, up: bool) -> None:
        """The server's own link to the broker came or went."""
        if up is not self.link_up:
            self.link_up = up
            for stream in self._streams:
                stream.offer(None, None)

    def snapshot(self, viewer: Principal) -> dict[str, Any]:
        """Everything that one viewer may see, and their role at each site."""
        roles = ((site, viewer.role_at(site["id"])) for site in self._sites())
        return {
            "now_ms": self._now_ms(),
            "link": self._link(),
            "sites": [_site_for(site, role) for site, role in roles if role is not None],
            "devices": [
                device_view_for(viewer, device) for device in self._registry if viewer.may_see_device(device.site_id, device.id)
            ],
            "favourites": [] if viewer.guest is not None else list(self._liked_by(viewer)),
        }

    def _liked_by(self, viewer: Principal) -> Iterator[str]:
        """What they like best and may still see, each a device's id, a slash and a channel's."""
        for device_id, channel in self._favourites(viewer.user_id):
            device = self._registry.get(device_id)
            if device is not None and channel in device.channels and viewer.may_see_channel(device.site_id, device_id, channel):
                yield f"{device_id}/{channel}"

    def tick(self) -> Change:
        """A sign of life, with the server's time."""
        return Change("tick", json_line({"now_ms": self._now_ms()}))

    def render(self, key: _Key | None, viewer: Principal) -> Change | None:
        """What a change looks like now to that viewer; None: its subject is gone."""
        if key is None:
            return Change("link", json_line({"link": self._link(), "now_ms": self._now_ms()}))
        if viewer.guest is not None:
            return self._render(key, viewer)
        known = self._rendered.get(key)
        if known is None:
            known = self._render(key, viewer)
            if known is not None:
                self._rendered[key] = known
        return known

    def _render(self, key: _Key, viewer: Principal) -> Change | None:
        device = self._registry.get(key.device_id)
        if device is None:
            return None
        if key.channel is None:
            return Change("device", json_line(device_view_for(viewer, device)))
        channel = device.channels.get(key.channel)
        return None if channel is None else Change("channel", json_line(channel_view_for(viewer, device, channel)))

    def _offer(self, key: _Key, site_id: str, within_s: float = 0) -> None:
        self._rendered.pop(key, None)
        if key.channel is not None:
            self._rendered.pop(_Key(key.device_id, None), None)
        for stream in self._streams:
            stream.offer(key, site_id, within_s)

    def _link(self) -> str:
        return "up" if self.link_up else "down"
