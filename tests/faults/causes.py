"""Finds for each change of a pin the one thing that caused it, by laying the pin's own record beside the device's journal.

Both tell of the same changes in the same order, but a kill between pin and journal leaves a change that only the pin knows, and
such a change has its own trace: the receipt `interrupted` of the command that was under way. The two lists are aligned so that
as little as possible stays unexplained.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from protocol.messages import Cause, Event, EventKind, Fate, Reason, Receipt
from tests.faults.histories import CommandRow, DeviceHistory, History, PinMove

UNEXPLAINED = 100.0
WRONG_TIME = 60.0
BY_TRACE = 1.0
CLOCK_TOLERANCE_MS = 100.0


@dataclass(frozen=True, slots=True)
class Explained:
    """A change of a pin and what caused it: a command's id, or the name of a safety cause; both None: nothing did."""

    move: PinMove
    command: str | None = None
    safety: str | None = None
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class Alignment:
    """What became of one channel's changes; `unmoved` are events that tell of a change which no pin saw."""

    moves: tuple[Explained, ...]
    unmoved: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    cost: float
    came_from: tuple[int, int, bool] | None
    explained: Explained | None = None
    unmoved: Event | None = None


def explain(history: History, device: DeviceHistory, channel: str) -> Alignment:
    """The cheapest alignment of this channel's changes with what the device told of it."""
    return _Channel(history, device, channel).aligned()


class _Channel:
    def __init__(self, history: History, device: DeviceHistory, channel: str) -> None:
        self.history = history
        self.device = device
        self.channel = channel
        self.moves = device.moves.get(channel, [])
        self.events = [event for event in device.events() if event.channel == channel and event.kind is EventKind.SWITCHED]

    def aligned(self) -> Alignment:
        best: dict[tuple[int, int, bool], _Step] = {(0, 0, False): _Step(0.0, None)}
        # the third of the key: the change before was one that was cut short, of which the journal knows nothing
        for i in range(len(self.moves) + 1):
            for j in range(len(self.events) + 1):
                for cut_short in (False, True):
                    step = best.get((i, j, cut_short))
                    if step is not None:
                        for key, nxt in self._onward(i, j, cut_short, step.cost):
                            if key not in best or nxt.cost < best[key].cost:
                                best[key] = nxt
        return self._read_back(best)

    def _onward(self, i: int, j: int, cut_short: bool, cost: float) -> Iterator[tuple[tuple[int, int, bool], _Step]]:
        here = (i, j, cut_short)
        move = self.moves[i] if i < len(self.moves) else None
        event = self.events[j] if j < len(self.events) else None
        if move is not None and event is not None and move.on is event.on:
            price = self._price(move, event)
            if price is not None:
                yield (i + 1, j + 1, False), _Step(cost + price, here, self._by_event(move, event))
        if move is not None:
            command = self._interrupted(i)
            if command is not None:
                price = BY_TRACE + (0.0 if self._in_time(move, command) else WRONG_TIME)
                yield (i + 1, j, True), _Step(cost + price, here, Explained(move, command=command.id))
            if (cut_short and not move.on and self._is_first_of_life(i)) or self._fell_and_rose(i):
                yield (i + 1, j, False), _Step(cost + BY_TRACE, here, Explained(move, safety="power" if move.fell else "restart"))
            yield (i + 1, j, False), _Step(cost + UNEXPLAINED, here, Explained(move))
        if event is not None:
            yield (i, j + 1, cut_short), _Step(cost + UNEXPLAINED, here, unmoved=event)

    def _read_back(self, best: dict[tuple[int, int, bool], _Step]) -> Alignment:
        ends = [(len(self.moves), len(self.events), cut_short) for cut_short in (False, True)]
        key: tuple[int, int, bool] | None = min((end for end in ends if end in best), key=lambda end: best[end].cost)
        explained: list[Explained] = []
        unmoved: list[Event] = []
        while key is not None:
            step = best[key]
            if step.explained is not None:
                explained.append(step.explained)
            if step.unmoved is not None:
                unmoved.append(step.unmoved)
            key = step.came_from
        return Alignment(tuple(reversed(explained)), tuple(reversed(unmoved)))

    # ---- by what the journal says

    def _by_event(self, move: PinMove, event: Event) -> Explained:
        if event.cause is Cause.COMMAND:
            return Explained(move, command=event.command, event=event)
        return Explained(move, safety=str(event.cause), event=event)

    def _price(self, move: PinMove, event: Event) -> float | None:
        """What it costs to believe that this event tells of this change; None: it cannot."""
        if event.cause is Cause.COMMAND:
            command = self.history.commands.get(event.command or "")
            return 0.0 if command is not None and self._in_time(move, command) else WRONG_TIME
        if event.cause in (Cause.BOOT, Cause.RESTART, Cause.INTERLOCK):
            # told after a start: of a change that this start made, or of the last one before, which could not be written down
            return 0.0 if move.fell or self._at_an_edge(move) else None
        return 0.0

    def _in_time(self, move: PinMove, command: CommandRow) -> bool:
        at_ms = self.history.wall_of(move.at_mono_ms)
        return command.created_ms - CLOCK_TOLERANCE_MS <= at_ms <= command.expires_ms + CLOCK_TOLERANCE_MS

    def _at_an_edge(self, move: PinMove) -> bool:
        of_life = [other for other in self.moves if other.life == move.life and not other.fell]
        return bool(of_life) and move in (of_life[0], of_life[-1])

    def _fell_and_rose(self, i: int) -> bool:
        """The power was cut, and the device restored this output: it tells only that it is on again."""
        rose = i + 1 < len(self.moves) and self.moves[i + 1].on and self.moves[i + 1].life == self.moves[i].life
        return self.moves[i].fell and rose

    def _is_first_of_life(self, i: int) -> bool:
        return i == 0 or self.moves[i].fell or self.moves[i - 1].life != self.moves[i].life or self.moves[i - 1].fell

    # ---- by the trace that a command leaves which was cut short

    def _interrupted(self, i: int) -> CommandRow | None:
        """The command whose receipt says that it was cut short, where this change can be its work: the last before a death."""
        move = self.moves[i]
        died = self.device.lives[move.life].died_mono_ms if move.life < len(self.device.lives) else None
        last = i + 1 == len(self.moves) or self.moves[i + 1].fell or self.moves[i + 1].life != move.life
        if died is None or not last or move.fell:
            return None
        fitting = [command for command in self._cut_short if command.on is move.on]
        return min(fitting, key=lambda command: not self._in_time(move, command), default=None)

    @cached_property
    def _cut_short(self) -> list[CommandRow]:
        receipts: list[Receipt] = [
            receipt
            for receipt in self.device.receipts()
            if receipt.channel == self.channel and receipt.fate is Fate.REJECTED and receipt.reason is Reason.INTERRUPTED
        ]
        known = (self.history.commands.get(receipt.command) for receipt in receipts)
        return [command for command in known if command is not None]
