"""What is written about devices on the hot path."""

from typing import Final

from sqlalchemy import bindparam, update

from server.db import Hot, insert
from server.devices.models import ChannelReport, Device, JournalMark, PresenceChange

_report = insert(ChannelReport)
_mark = insert(JournalMark)

KEEP_REPORT: Final = Hot(
    _report.on_conflict_do_update(
        index_elements=["device_id", "channel"],
        set_={
            name: getattr(_report.excluded, name) for name in ("on", "since_ms", "lease_until_ms", "cause", "actor", "told_ms")
        },
    ),
    rank=40,
)
MOVE_MARK: Final = Hot(
    _mark.on_conflict_do_update(
        index_elements=["device_id", "journal"],
        set_={"have_seq": _mark.excluded.have_seq, "seen_ms": _mark.excluded.seen_ms},
        where=JournalMark.have_seq < _mark.excluded.have_seq,
    ),
    rank=18,
)
"""Begin at a number: what is before it is kept, or is known to be lost."""

# by one only: where the record before could not be kept, the mark stays, whatever of what follows is kept
KEEP_MARK: Final = Hot(
    update(JournalMark)
    .where(
        JournalMark.device_id == bindparam("of_device"),  # type: ignore[arg-type]
        JournalMark.journal == bindparam("of_journal"),  # type: ignore[arg-type]
        JournalMark.have_seq == bindparam("after_seq"),  # type: ignore[arg-type]
    )
    .values(have_seq=bindparam("to_seq"), seen_ms=bindparam("at_ms")),
    rank=50,
)
KEEP_ABOUT: Final = Hot(
    update(Device).where(Device.id == bindparam("the_id")).values(about=bindparam("new_about")),  # type: ignore[arg-type]
    rank=15,
)
KEEP_TRUSTS: Final = Hot(
    update(Device).where(Device.id == bindparam("the_id")).values(trusts=bindparam("new_trusts")),  # type: ignore[arg-type]
    rank=16,
)
KEEP_PRESENCE: Final = Hot(insert(PresenceChange), rank=60)
