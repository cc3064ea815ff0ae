"""What can become of one attempt to send, and of a message by one way."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """One attempt. REFUSED: for certain not delivered, another attempt may do. GONE: that way is no more. UNSURE: nobody can tell."""

    SENT = "sent"
    REFUSED = "refused"
    GONE = "gone"
    FAILED = "failed"
    UNSURE = "unsure"


class Result(StrEnum):
    """A message by one way, as its row tells. TRYING: an attempt had begun; it is never begun again unless it surely failed."""

    QUEUED = "queued"
    TRYING = "trying"
    SENT = "sent"
    FAILED = "failed"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Said:
    """A message in a person's words. `tag`: a later one with the same takes its place on the screen. `path`: the page that shows more."""

    title: str
    body: str
    language: str
    tag: str
    path: str
    at_ms: int
    urgent: bool
    lasts_s: int
