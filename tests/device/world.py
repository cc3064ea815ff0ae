"""A device's whole world without hardware, network or waiting: the core is real, and so is the outbox; time is a number.

Effects are carried out as `device/agent.py` does: in order, a failed write ends its list, what a pin read back is told at once.
Between any two effects the agent can be killed or its power be cut.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import assert_never

from device.boot import plan
from device.clock import Moment
from device.core import Core
from device.errors import JournalError
from device.outbox import Outbox
from device.rules import InputRule, OutputRule
from device.words import (
    BeginJournal,
    CommandCame,
    Drive,
    DriveLate,
    Driven,
    Effect,
    Input,
    InputRead,
    Journal,
    JournalBegun,
    LinkUp,
    LinkWentDown,
    Opened,
    Publish,
    Reconnect,
    RollCalled,
    SendAgain,
    ServerHas,
    Spoilt,
    Tick,
    Unwritten,
    Welcomed,
)
from protocol.codec import decode
from protocol.errors import LinkDown
from protocol.messages import MESSAGES, About, Call, Command, Hello, Message, Welcome
from protocol.topics import Topic
from tests.device.parts import (
    DEVICE,
    Card,
    CardFault,
    Drove,
    Entry,
    Failed,
    FellBack,
    Heard,
    LinkLost,
    Mended,
    Pin,
    Pressed,
    Server,
    Started,
    Stopped,
    Told,
    WelcomeCame,
    Wrote,
)

LAN, MINH = "lan", "minh"
BEGINNING_MS = 1_790_000_000_000  # true time when the world begins
MOST_TICKS_AT_ONCE = 1


class Killed(BaseException):
    """The agent's process ends here. Not an Exception, so that nothing can catch it on the way."""


@dataclass(frozen=True)
class Wires:
    """A wiring file, as the core sees it."""

    outputs: Mapping[str, OutputRule]
    inputs: Mapping[str, InputRule]


def wires(*rules: OutputRule | InputRule) -> Wires:
    """A wiring of these channels."""
    return Wires(
        {rule.id: rule for rule in rules if isinstance(rule, OutputRule)},
        {rule.id: rule for rule in rules if isinstance(rule, InputRule)},
    )


class World:
    """One device with its pins, card and server. Starts with power on, the link down and everything off."""

    def __init__(self, wiring: Wires, core: Callable[..., Core] = Core, *, start: bool = True) -> None:
        self.wiring = wiring
        self.true_ms = BEGINNING_MS
        self.system_skew_ms = 0
        self.journal_takes_ms = 0
        self.drive_takes_ms = 0
        self.pins = {channel: Pin() for channel in wiring.outputs}
        self.card = Card()
        self.server = Server()
        self.log: list[Entry] = []
        self.dies_after: int | None = None  # effect boundaries that the agent still lives through
        self.welcomes_held = False
        self.deaf = False  # the link carries nothing up
        self.inbox: list[Welcome] = []
        self.answers_held = False  # hellos take their time on the way up, or the server has much to do
        self.unanswered: list[Hello] = []
        self.alive = False
        self.is_up = False
        self.reconnects = 0
        self.session = ""
        self._make_core = core
        self._boots = 0
        self._tokens = 0
        self.commands_made = 0  # their ids count them
        # when each was said, and how far ahead the server's clock was when it answered
        self._heard_hellos: dict[str, tuple[int, int]] = {}
        self._power_on()
        if start:
            self.start()

    # ---- time

    @property
    def mono(self) -> int:
        """The machine's monotonic clock, in ms since it was switched on."""
        return self.true_ms - self._switched_on

    @property
    def moment(self) -> Moment:
        """Now, as the agent would be told."""
        return Moment(self.mono, self.true_ms + self.system_skew_ms)

    @property
    def server_ms(self) -> int:
        """What the server's clock says now."""
        return self.true_ms + self.server.ahead_ms

    def advance(self, by_ms: int) -> None:
        """Let time pass, waking the core whenever it asked for it."""
        until = self.true_ms + by_ms
        while self.alive and (wake := self.core.next_wake) is not None and wake + self._switched_on <= until:
            self.true_ms = max(self.true_ms, wake + self._switched_on)
            self.tick()
        self.true_ms = max(until, self.true_ms)

    @property
    def is_due(self) -> bool:
        """Whether the core asked to be woken by now, as it may while time passed in a slow write."""
        return self.core.next_wake is not None and self.core.next_wake <= self.mono

    def tick(self) -> None:
        """Wake the core now. It must not ask to be woken again at the same moment: that would be a busy loop."""
        at = self.mono
        self.feed(Tick())
        wake = self.core.next_wake
        assert not self.alive or self.mono > at or wake is None or wake > at, f"awake at {at}, wants to be woken at {wake}"

    # ---- power, program

    def start(self, wiring: Wires | None = None) -> None:
        """Start the agent; with another wiring file, if one is given."""
        self.wiring = wiring or self.wiring
        for channel in self.wiring.outputs:
            self.pins.setdefault(channel, Pin())
        memory = self.card.load()
        boot = plan(self.wiring.outputs, memory, self.boot_id, self.mono)
        about = About(model="world", version="1", channels=())
        self.core = self._make_core(
            about, self.wiring.outputs, self.wiring.inputs, memory, boot, self.boot_id, self._new_token, self._uniform
        )
        self.outbox = Outbox(self.card, self._send, lambda call: call())  # type: ignore[arg-type]
        self.alive, self.is_up = True, False
        levels: dict[str, bool | None] = {}
        claims = {}
        for channel, output in boot.outputs.items():
            pin = self.pins[channel]
            before = pin.level
            levels[channel] = pin.drive(output.on)
            claims[channel] = (output.on, before, pin.level, pin.fault)
        self.log.append(Started(self.wiring.outputs, self.mono, self.boot_id, memory, claims))
        self.feed(Opened(levels))

    def kill(self) -> None:
        """kill -9: the pins stay as they are."""
        if self.alive:
            self.log.append(Stopped())
        self.alive = self.is_up = False
        self.dies_after = None
        self._lose_what_is_on_its_way()

    def cut_power(self, for_ms: int = 0) -> None:
        """The whole machine loses power, and has it again after a time; the agent is not yet started."""
        self.kill()
        for pin in self.pins.values():
            pin.lose_power()
        self.log.append(Stopped({channel: pin.level for channel, pin in self.pins.items()}))
        self.true_ms += for_ms
        self._power_on()

    def restart(self, wiring: Wires | None = None, after_ms: int = 0) -> None:
        """The program is killed and started again."""
        self.kill()
        self.true_ms += after_ms
        self.start(wiring)

    def reboot(self, wiring: Wires | None = None, off_for_ms: int = 0) -> None:
        """The power is cut and comes back."""
        self.cut_power(off_for_ms)
        self.start(wiring)

    def falls_back_to(self, card: Card) -> None:
        """A copy that was made of the card is what is left of it after a power cut: it was not written when it said so."""
        assert not self.alive
        self.card = card
        self.log.append(FellBack(card.last_seq))

    def mend(self, channel: str) -> None:
        """The pin works again."""
        self.pins[channel].fault = None
        self.log.append(Mended(self.mono, channel))

    def _power_on(self) -> None:
        self._boots += 1
        self.boot_id = f"boot-{self._boots}"
        self._switched_on = self.true_ms - 5_000

    # ---- what comes in

    def feed(self, what: Input) -> None:
        """Hand the core what happens and do what it says; then deliver what the server answered meanwhile."""
        if not self.alive:
            return
        try:
            self._carry_out(self.core.handle(what, self.moment))
            self._answer()
            while self.inbox and self.alive and not self.welcomes_held:
                self._welcome(self.inbox.pop(0))
        except Killed:
            self.kill()

    def link_up(self) -> None:
        """The broker lets us in."""
        if self.alive and not self.is_up:
            self.is_up = True
            self._heard_hellos.clear()
            self.session = self._new_token()
            self.feed(LinkUp(self.session))

    def link_down(self) -> None:
        """The link is lost."""
        if self.alive and self.is_up:
            self.is_up = False
            self._lose_what_is_on_its_way()
            self.log.append(LinkLost(self.mono))
            self.outbox.stop()
            self.feed(LinkWentDown())

    def deliver(self, message: Welcome | Call) -> None:
        """A welcome or a roll call reaches the device now, whatever it says."""
        if self.alive and self.is_up:
            try:
                self._call(message) if isinstance(message, Call) else self._welcome(message)
            except Killed:
                self.kill()

    def command(
        self,
        channel: str,
        on: bool,
        *,
        for_s: int | None = None,
        lives_ms: int = 10_000,
        actor: str = LAN,
        jti: str | None = None,
    ) -> Command:
        """A new command, signed by the server now; not yet sent."""
        self.commands_made += 1
        return Command(
            aud=DEVICE,
            jti=jti or f"{self.commands_made:032x}",
            iat_ms=self.server_ms,
            exp_ms=max(0, self.server_ms + lives_ms),
            channel=channel,
            on=on,
            for_s=for_s,
            actor=actor,
        )

    def hear(self, command: Command) -> Command:
        """The command reaches the device."""
        if self.alive:
            self.log.append(Heard(self.mono, command))
            self.feed(CommandCame(command))
        return command

    def switch(self, channel: str, on: bool, *, for_s: int | None = None, lives_ms: int = 10_000, actor: str = LAN) -> Command:
        """A fresh command, delivered at once."""
        return self.hear(self.command(channel, on, for_s=for_s, lives_ms=lives_ms, actor=actor))

    def press(self, channel: str, on: bool = True) -> None:
        """A button or a contact changes."""
        if self.alive:
            self.log.append(Pressed(self.mono, channel, on))
            self.feed(InputRead(channel, on))

    # ---- what the core wants done

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            self._boundary()
            if not self._do(effect):
                return
        self._boundary()

    def _boundary(self) -> None:
        if self.dies_after is not None:
            if self.dies_after == 0:
                raise Killed
            self.dies_after -= 1

    def _do(self, effect: Effect) -> bool:
        match effect:
            case Journal():
                return self._write(effect)
            case BeginJournal():
                return self._begin_journal(effect)
            case Drive():
                self._drive(effect)
            case Publish():
                self._publish(effect.message)
            case SendAgain():
                self.outbox.again(effect.seq)
            case ServerHas():
                with suppress(JournalError):
                    self._server_has(effect.seq)
            case Reconnect():
                self.reconnects += 1
                self.link_down()
            case _:
                assert_never(effect)
        return True

    def _write(self, effect: Journal) -> bool:
        self.true_ms += self.journal_takes_ms
        try:
            self.card.write(effect.write)
        except JournalError:
            self.log.append(Failed(effect.write, is_there=self.card.fault is CardFault.UNSURE))
            self._boundary()
            self._carry_out(self.core.handle(Unwritten(effect.write), self.moment))
            return False
        self.log.append(Wrote(effect.write))
        self._boundary()
        self.outbox.recorded(effect.write.records)
        return True

    def _begin_journal(self, effect: BeginJournal) -> bool:
        try:
            self.card.begin(effect.name, effect.after_seq)
        except JournalError:
            return False
        self.outbox.stop()
        self._boundary()
        self._carry_out(self.core.handle(JournalBegun(effect.name, effect.after_seq), self.moment))
        return True

    def _server_has(self, seq: int) -> None:
        spoilt = self.outbox.server_has(seq)
        if spoilt is not None:
            self._carry_out(self.core.handle(Spoilt(spoilt), self.moment))

    def _drive(self, effect: Drive) -> None:
        if effect.not_after is not None and self.mono >= effect.not_after:
            self._carry_out(self.core.handle(DriveLate(effect.channel), self.moment))
            return
        pin = self.pins[effect.channel]
        at, true_ms, before = self.mono, self.true_ms, pin.level
        read = pin.drive(effect.on)
        self.log.append(Drove(at, true_ms, effect.channel, effect.on, before, pin.level, read))
        self._boundary()
        self.true_ms += self.drive_takes_ms
        self._carry_out(self.core.handle(Driven(effect.channel, read), self.moment))

    def _publish(self, message: Message) -> None:
        self.log.append(Told(message, self.true_ms))
        if not self.is_up:
            return
        if isinstance(message, Hello):
            self._heard_hellos[message.hello] = self.mono, self.server.ahead_ms
        if not self.deaf:
            self._arrive(message)

    def _send(self, topic: Topic, payload: bytes) -> None:
        if not self.is_up:
            raise LinkDown("the link is down")
        if not self.deaf:
            self._arrive(decode(MESSAGES[topic], payload))

    def _arrive(self, message: Message) -> None:
        self.server.hear(message)
        if isinstance(message, Hello):
            self.unanswered.append(message)
            self._answer()

    def _answer(self) -> None:
        while self.unanswered and not self.answers_held:
            hello = self.unanswered.pop(0)
            self._heard_hellos[hello.hello] = self._heard_hellos[hello.hello][0], self.server.ahead_ms
            self.inbox.append(self.server.welcome(hello, self.true_ms))

    def _lose_what_is_on_its_way(self) -> None:
        self.inbox.clear()
        self.unanswered.clear()

    def _welcome(self, welcome: Welcome) -> None:
        if welcome.session == self.session and welcome.hello in self._heard_hellos:
            # an answer to this hello or to a later one may still come; an earlier one is out of date
            said = list(self._heard_hellos)
            at, ahead_ms = self._heard_hellos[welcome.hello]
            self.log.append(WelcomeCame(self.mono, ahead_ms, self.mono - at))
            for hello in said[: said.index(welcome.hello) + 1]:
                del self._heard_hellos[hello]
        self._carry_out(self.core.handle(Welcomed(welcome), self.moment))

    def _call(self, call: Call) -> None:
        self._carry_out(self.core.handle(RollCalled(call), self.moment))

    # ---- what would be random

    def _new_token(self) -> str:
        self._tokens += 1
        return f"{self._tokens:016x}"

    def _uniform(self, low: float, high: float) -> float:
        return low + (high - low) * (self._tokens % 7) / 7
