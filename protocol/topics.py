"""Every topic of the protocol, in one table: names, who may publish, what is retained, how large a payload may be.

The broker's access list, the subscriptions and the documentation are made from this table and from nothing else.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from protocol.errors import ProtocolError

ROOT: Final = "congtac"
VERSION: Final = 1
PARTITIONS: Final = "0123456789abcdef"
DEVICE_ID_PATTERN: Final = r"^[0-9a-f]{16}$"

_DEVICE_ID = re.compile(DEVICE_ID_PATTERN)


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for a topic: its path below the topic base, whether it is retained, and its largest payload in bytes."""

    path: str
    retained: bool
    limit_bytes: int


class Topic(Enum):
    """The topics below `congtac/1/{partition}/{device_id}`. `up/…` is the device's to write, `down/…` the server's."""

    PRESENCE = Rule("up/presence", retained=True, limit_bytes=512)
    ABOUT = Rule("up/about", retained=True, limit_bytes=65_536)
    STATE = Rule("up/state", retained=True, limit_bytes=65_536)
    HELLO = Rule("up/hello", retained=False, limit_bytes=1_024)
    EVENT = Rule("up/event", retained=False, limit_bytes=2_048)
    RECEIPT = Rule("up/receipt", retained=False, limit_bytes=2_048)
    READING = Rule("up/reading", retained=False, limit_bytes=16_384)
    SECRET = Rule("up/secret", retained=False, limit_bytes=1_024)
    WELCOME = Rule("down/welcome", retained=False, limit_bytes=1_024)
    CALL = Rule("down/call", retained=False, limit_bytes=256)
    COMMAND = Rule("down/command", retained=False, limit_bytes=4_096)
    KEYS = Rule("down/keys", retained=False, limit_bytes=4_096)
    RENEW = Rule("down/renew", retained=False, limit_bytes=512)
    CONFIG = Rule("down/config", retained=True, limit_bytes=65_536)

    @property
    def path(self) -> str:
        """The topic below the topic base, as `up/event`."""
        return self.value.path

    @property
    def retained(self) -> bool:
        """Whether the broker keeps the last message for those who come later."""
        return self.value.retained

    @property
    def limit_bytes(self) -> int:
        """The largest payload that is read, in bytes; anything longer is refused unread."""
        return self.value.limit_bytes

    def of(self, device_id: str) -> str:
        """The whole topic for one device."""
        return f"{topic_base(device_id)}/{self.path}"


LARGEST_PAYLOAD_BYTES: Final = max(topic.limit_bytes for topic in Topic)

_BY_PATH: Final = {topic.path: topic for topic in Topic}


def partition(device_id: str) -> str:
    """The hex digit by which ingesting servers divide the devices between them: the last of the id."""
    return device_id[-1]


def topic_base(device_id: str) -> str:
    """`congtac/1/{partition}/{device_id}`. Raises ProtocolError for what is no device id."""
    if not _DEVICE_ID.fullmatch(device_id):
        raise ProtocolError("bad_topic", f"{device_id!r} is no device id (16 lowercase hex digits)")
    return f"{ROOT}/{VERSION}/{partition(device_id)}/{device_id}"


def parse(topic: str) -> tuple[str, Topic]:
    """The device id and the Topic of a whole topic. Raises ProtocolError for any other string."""
    base, _, path = topic.rpartition("/up/")
    if base:
        path = f"up/{path}"
    else:
        base, _, path = topic.rpartition("/down/")
        path = f"down/{path}"
    known = _BY_PATH.get(path)
    device_id = base.rpartition("/")[2]
    if known is None or not _DEVICE_ID.fullmatch(device_id) or topic_base(device_id) != base:
        raise ProtocolError("bad_topic", f"{topic[:200]!r} is no topic of this protocol")
    return device_id, known


def everything_up(partition_filter: str = "+") -> str:
    """The server's subscription: all that devices say, of one partition or (`+`) of all."""
    return f"{ROOT}/{VERSION}/{partition_filter}/+/up/#"


def everything_down(device_id: str) -> str:
    """A device's one subscription: all that is said to it."""
    return f"{topic_base(device_id)}/down/#"
