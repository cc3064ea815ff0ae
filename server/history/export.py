"""What a channel was, as a file for a spreadsheet. Pure.

Spreadsheets of Vietnamese and of English machines split a file of text at different signs, and take it for UTF-8 only by its first three
bytes, which they forget where a line tells them the sign. UTF-16 with tabs is what all of them read right when the file is opened.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from io import StringIO
from typing import Final

from server.history.timeline import Segment

BEGIN: Final = "\ufeff"
ENCODING: Final = "utf-16-le"
MEDIA_TYPE: Final = "text/csv; charset=utf-16le"
MOST_ROWS: Final = 100_000

_STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def cells(segment: Segment, word: str, why: str, who: str, zone: tzinfo) -> list[str]:
    """One row: from, until, how many seconds, what it was, why and by whom."""
    seconds = (segment.to_ms - segment.from_ms) / 1000
    return [iso(segment.from_ms, zone), iso(segment.to_ms, zone), str(round(seconds)), word, why, who]


def iso(at_ms: int, zone: tzinfo) -> str:
    """A time as ISO 8601, in the place's zone and with its offset: `2026-07-28T14:02:07+07:00`."""
    return datetime.fromtimestamp(at_ms // 1000, zone).isoformat()


def encoded(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as they stand in the file. A text that a spreadsheet would take for a formula gets a sign in front that makes it text."""
    lines = StringIO()
    writer = csv.writer(lines, dialect="excel-tab")
    writer.writerows([harmless(text) for text in row] for row in rows)
    return lines.getvalue().encode(ENCODING)


def harmless(text: str) -> str:
    """The text, so that no spreadsheet calculates with it."""
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text
