"""What a device's hellos vouch for: which commands are over and done with, by their time and its journal.

A server that has the whole journal of a hello takes every command that was over by then, and of which nothing is in it, as expired.
"""

from dataclasses import dataclass

from device.clock import LONGEST_ROUND_TRIP_MS
from protocol.messages import Command, Fate, Hello, Receipt
from tests.device.parts import WelcomeCame
from tests.device.spans import earliest
from tests.device.violation import Violation


@dataclass(frozen=True)
class Vouch:
    """A hello's word: of the commands made so far, those with an end until `surely_ms` are answered up to `last_seq`, or never will be."""

    surely_ms: int
    last_seq: int
    commands_made: int

    def is_broken_by(self, receipt: Receipt, command: Command) -> bool:
        """Whether it said that there would be no such answer."""
        was_over = int(command.jti, 16) <= self.commands_made and command.exp_ms <= self.surely_ms
        is_later = receipt.seq is None or receipt.seq > self.last_seq
        return was_over and is_later and receipt.fate is not Fate.EXPIRED


class Vouches:
    """All that was vouched for, and by what clocks: how far the server's is ahead of true time is None until a welcome told it."""

    def __init__(self) -> None:
        self.ahead_ms: int | None = None
        self._least_ahead_ms: int | None = None
        self._ahead_before_ms: int | None = None
        self._given: list[Vouch] = []

    @property
    def has_a_clock(self) -> bool:
        """Whether this run of the agent can know the time."""
        return self._least_ahead_ms is not None

    def started(self) -> None:
        """A new run of the agent knows no time. What the one before vouched for holds."""
        self.ahead_ms = self._least_ahead_ms = None

    def welcomed(self, welcome: WelcomeCame) -> None:
        if self._ahead_before_ms is not None and welcome.ahead_ms < self._ahead_before_ms:
            self._given.clear()  # the server's clock was put back: what was over is to come once more
        self.ahead_ms = self._ahead_before_ms = welcome.ahead_ms
        if welcome.took_ms <= LONGEST_ROUND_TRIP_MS:
            self._least_ahead_ms = earliest(self._least_ahead_ms, welcome.ahead_ms)

    def said(self, hello: Hello, true_ms: int, commands_made: int) -> None:
        """What it takes to be over must be: by every clock that the server had since the agent's start, the time had come."""
        if hello.surely_ms is None:
            return
        if self._least_ahead_ms is None or hello.surely_ms > true_ms + self._least_ahead_ms:
            raise Violation(f"a hello at {true_ms} vouches for {hello.surely_ms}, which is not past")
        self._given.append(Vouch(hello.surely_ms, hello.last_seq, commands_made))

    def answered(self, receipt: Receipt, command: Command) -> None:
        """The first answer to this command."""
        for vouch in self._given:
            if vouch.is_broken_by(receipt, command):
                raise Violation(f"{receipt}, of which {vouch} had said that it never came")
