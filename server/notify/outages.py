"""When it is told that a device is away, and that it is back. Pure: what is heard and a time go in, messages come out.

A link that flaps is one outage. It begins when the device first goes; it is told once the device was away for `away_ms`, its short
returns left out; and it is over once the device has stayed for `back_ms`. Only an outage that was told of ends with a message. While the
server itself knows nothing, as without its broker, no time counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from server.devices.state import DevicePresence
from server.notify.kinds import Message, What


@dataclass(frozen=True, slots=True)
class Outage:
    """One outage of a device. `away_ms`: how long it was away before now; `gone_ms`: away since; `back_ms`: here again since."""

    since_ms: int
    away_ms: int = 0
    gone_ms: int | None = None
    back_ms: int | None = None
    told: bool = False

    def heard(self, presence: DevicePresence, at_ms: int) -> "Outage":
        """The outage after such a piece of news."""
        away_ms = self.away_ms + (max(0, at_ms - self.gone_ms) if self.gone_ms is not None else 0)
        match presence:
            case DevicePresence.OFFLINE:
                return self if self.gone_ms is not None else replace(self, gone_ms=at_ms, back_ms=None)
            case DevicePresence.ONLINE:
                return self if self.back_ms is not None else replace(self, away_ms=away_ms, gone_ms=None, back_ms=at_ms)
            case DevicePresence.UNKNOWN | DevicePresence.REVOKED:
                return replace(self, away_ms=away_ms, gone_ms=None, back_ms=None)


class Outages:
    """The outages of all devices. Each is for itself: what is said of one costs nothing for the others."""

    def __init__(self, away_ms: int, back_ms: int) -> None:
        self._away_ms = away_ms
        self._back_ms = back_ms
        self._of: dict[str, Outage] = {}

    def resume(self, device_id: str, outage: Outage) -> None:
        """Go on with an outage that an earlier run of the server knew."""
        self._of[device_id] = outage

    def get(self, device_id: str) -> Outage | None:
        """The device's outage, None for a device that is well."""
        return self._of.get(device_id)

    def hear(self, device_id: str, presence: DevicePresence, at_ms: int) -> list[Message]:
        """A device went, came, or cannot be known about; and what is to be told of it by then."""
        messages = list(self._due_by(device_id, at_ms))
        outage = self._of.get(device_id)
        if outage is not None:
            self._of[device_id] = outage.heard(presence, at_ms)
        elif presence is DevicePresence.OFFLINE:
            self._of[device_id] = Outage(at_ms, gone_ms=at_ms)
        return messages

    def advance(self, now_ms: int) -> list[Message]:
        """What is to be told by now."""
        return [message for device_id in list(self._of) for message in self._due_by(device_id, now_ms)]

    def _due_by(self, device_id: str, now_ms: int) -> Iterator[Message]:
        outage = self._of.get(device_id)
        if outage is None:
            return
        facts = {"since_ms": outage.since_ms}
        if outage.back_ms is not None and outage.back_ms + self._back_ms <= now_ms:
            del self._of[device_id]
            if outage.told:
                yield Message(f"back/{device_id}/{outage.since_ms}", What.BACK, device_id, outage.back_ms, facts)
        elif outage.gone_ms is not None and not outage.told:
            at_ms = outage.gone_ms + max(0, self._away_ms - outage.away_ms)
            if at_ms <= now_ms:
                self._of[device_id] = replace(outage, told=True)
                yield Message(f"away/{device_id}/{outage.since_ms}", What.AWAY, device_id, at_ms, facts)
