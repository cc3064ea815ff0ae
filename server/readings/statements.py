"""What is written of readings on the hot path."""

from typing import Final

from server.db import Hot, Op, insert
from server.devices.state import Measured
from server.readings.models import ReadingNow, ReadingRow

_now = insert(ReadingNow)

KEEP_READING: Final = Hot(insert(ReadingRow).on_conflict_do_nothing(index_elements=["device_id", "channel", "at_ms"]), rank=70)
KEEP_LATEST: Final = Hot(
    _now.on_conflict_do_update(
        index_elements=["device_id", "channel"],
        set_={name: getattr(_now.excluded, name) for name in ("at_ms", "value", "unit")},
    ),
    rank=71,
)


def keep(device_id: str, channel: str, measured: Measured) -> tuple[Op, Op]:
    """Keep a value, and that it is the latest."""
    told = {"device_id": device_id, "channel": channel, "at_ms": measured.at_ms, "value": measured.value, "unit": measured.unit}
    return Op(KEEP_READING, told), Op(KEEP_LATEST, told)
