"""The talk with the server: hello, welcome, the clock that is learnt by it, and what the server already has. Pure."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from device.clock import LearntClock, Moment
from device.ledger import Ledger
from device.words import BeginJournal, Effect, JournalBegun, Publish, Reconnect, ServerHas
from protocol.messages import Call, Hello, Welcome

ASK_AGAIN_MS: Final = 5_000
ASK_AGAIN_MOST_MS: Final = 40_000
UNCONFIRMED_MS: Final = 20_000
SLOW_MS: Final = 2_000
MOST_SAID: Final = 4


@dataclass(frozen=True, slots=True)
class Patience:
    """How long (ms) until the server is asked anew though there is nothing to ask, and how long it may owe an answer."""

    renew_ms: int
    give_up_ms: int


PATIENT: Final = Patience(3_600_000, 300_000)
WATCHFUL: Final = Patience(60_000, 60_000)
"""For a device that has to do something when nobody can reach it: a broker that is there proves no server."""


class Talk:
    """Says hello until it is welcomed, and again when the server should confirm what it was sent, or tell the time anew."""

    def __init__(
        self,
        ledger: Ledger,
        boot: str,
        new_token: Callable[[], str],
        uniform: Callable[[float, float], float],
        patience: Patience = PATIENT,
    ) -> None:
        self.boot = boot
        self.clock = LearntClock()
        self.session: str | None = None
        self.welcomed = False
        self._ledger = ledger
        self._new_token = new_token
        self._uniform = uniform
        self._patience = patience
        self._asked_since: int | None = None
        self._said: dict[str, int] = {}
        self._next_hello: int | None = None
        self._is_adrift = False
        self._begun_in: str | None = None

    @property
    def next_wake(self) -> int | None:
        """When there is something to say, in monotonic ms."""
        return self._next_hello

    def up(self, session: str, moment: Moment) -> list[Effect]:
        """The link is up."""
        self.down()
        self.session = session
        return [self._hello(session, moment)]

    def down(self) -> None:
        """The link is lost: whatever was asked on it will not be answered."""
        self.session = None
        self.welcomed = False
        self._asked_since = None
        self._said.clear()
        self._next_hello = None

    def recorded(self, moment: Moment) -> None:
        """Something was journaled that the server should confirm before long."""
        if self.welcomed:
            self._hello_between(UNCONFIRMED_MS / 2, UNCONFIRMED_MS, moment)

    def hear(self, welcome: Welcome, moment: Moment) -> tuple[list[Effect], bool]:
        """Take a welcome: what follows from it, and whether it answered a hello of this session."""
        said = self._said.get(welcome.hello)
        if said is None or welcome.session != self.session or welcome.journal != self._ledger.journal:
            return [], False
        # a later hello may still be answered, an earlier one would be out of date
        self._said = {hello: at for hello, at in self._said.items() if at > said}
        self.clock = self.clock.learn(welcome.server_ms, welcome.clock, said, moment)
        self._asked_since = self._next_hello = None
        lost_after = self._ledger.lost_after(welcome.have_seq)
        self._is_adrift = lost_after is not None
        if lost_after is not None:
            self._hello_between(UNCONFIRMED_MS / 2, UNCONFIRMED_MS, moment)  # should the card not take it now
            return [BeginJournal(self._new_token(), lost_after)], False
        self.welcomed = True
        self._ledger.confirmed(welcome.have_seq)
        slow = moment.mono - said > SLOW_MS
        latest_ms = UNCONFIRMED_MS if slow or self._ledger.is_behind else self._patience.renew_ms
        self._hello_between(latest_ms / 2, latest_ms, moment)
        return [ServerHas(self._ledger.server_has)], True

    def begun(self, begun: JournalBegun, moment: Moment) -> list[Effect]:
        """The journal has another name: the server has to hear it before it is told anything. At once, but for one that never agrees."""
        self._ledger.begun(begun.name, begun.after_seq)
        self._is_adrift = False
        if self.session is None or self.session == self._begun_in:
            return []
        self._begun_in = self.session
        return [self._hello(self.session, moment)]

    def spoilt(self, until_seq: int) -> list[Effect]:
        """This can be told to nobody: what follows is told as another journal, and the server notes a loss."""
        return [BeginJournal(self._new_token(), until_seq)]

    def called(self, call: Call, moment: Moment) -> None:
        """The roll is called: say hello before long."""
        if self.session is not None:
            self._hello_between(0, call.within_ms, moment)

    def tick(self, moment: Moment) -> list[Effect]:
        """Say hello if it is time to; end a link on which no welcome comes any more."""
        if self.session is None or self._next_hello is None or moment.mono < self._next_hello:
            return []
        if self._asked_since is not None and moment.mono - self._asked_since >= self._patience.give_up_ms:
            self.welcomed = False
            self._next_hello = None
            return [Reconnect()]
        return [self._hello(self.session, moment)]

    def _hello_between(self, soonest_ms: float, latest_ms: float, moment: Moment) -> None:
        """Say hello some time in between, unless that is due before: what comes to many devices at once, as the end of a power cut does,
        is no reason for them to ask for all of the server's attention at once.
        """
        if self._next_hello is None or self._next_hello > moment.mono + latest_ms:
            self._next_hello = moment.mono + round(self._uniform(soonest_ms, latest_ms))

    def _hello(self, session: str, moment: Moment) -> Publish:
        token = self._new_token()
        self._said = {**dict(list(self._said.items())[1 - MOST_SAID :]), token: moment.mono}
        if self._asked_since is None:
            self._asked_since = moment.mono
        # after as long again as it has waited: a server that is slow is not helped by more hellos, nor by their being forgotten
        waited_ms = min(max(moment.mono - self._asked_since, ASK_AGAIN_MS), ASK_AGAIN_MOST_MS)
        self._next_hello = min(moment.mono + waited_ms, self._asked_since + self._patience.give_up_ms)
        return Publish(
            Hello(
                session=session,
                hello=token,
                journal=self._ledger.journal,
                first_seq=self._ledger.first_seq,
                last_seq=self._ledger.written_seq,
                device_ms=self.clock.stamp(moment)[0],
                boot=self.boot,
                mono_ms=moment.mono,
                surely_ms=None if self._ledger.has_unwritten or self._is_adrift else self.clock.surely_ms(moment),
            )
        )


def boot_token(boot_id: str) -> str:
    """A run of the machine, in the shape of the wire: 16 hex digits of its id's SHA-256."""
    return hashlib.sha256(boot_id.encode()).hexdigest()[:16]
