"""The talk with the server: hello, welcome, the clock that is learnt by it, and what the server already has. Pure."""

from collections.abc import Callable
from typing import Final

from device.clock import LearntClock, Moment
from device.ledger import Ledger
from device.words import Effect, Publish, Reconnect, ServerHas
from protocol.messages import Hello, Welcome

ASK_AGAIN_MS: Final = 5_000
GIVE_UP_MS: Final = 300_000
UNCONFIRMED_MS: Final = 20_000
RENEW_MS: Final = 3_600_000


class Talk:
    """Says hello until it is welcomed, and again when the server should confirm what it was sent, or tell the time anew."""

    def __init__(self, ledger: Ledger, new_token: Callable[[], str], uniform: Callable[[float, float], float]) -> None:
        self.clock = LearntClock()
        self.session: str | None = None
        self.welcomed = False
        self._ledger = ledger
        self._new_token = new_token
        self._uniform = uniform
        self._up_since = 0
        self._said: dict[str, int] = {}
        self._next_hello: int | None = None

    @property
    def next_wake(self) -> int | None:
        """When there is something to say, in monotonic ms."""
        return self._next_hello

    def up(self, session: str, moment: Moment) -> list[Effect]:
        """The link is up."""
        self.session = session
        self.welcomed = False
        self._up_since = moment.mono
        self._said.clear()
        return [self._hello(moment)]

    def down(self) -> None:
        """The link is lost: whatever was asked on it will not be answered."""
        self.session = None
        self.welcomed = False
        self._said.clear()
        self._next_hello = None

    def recorded(self, moment: Moment) -> None:
        """Something was journaled that the server should confirm before long."""
        if self.welcomed and self._next_hello is not None:
            self._next_hello = min(self._next_hello, moment.mono + UNCONFIRMED_MS)

    def hear(self, welcome: Welcome, moment: Moment) -> tuple[list[Effect], bool]:
        """Take a welcome: what follows from it, and whether it answered a hello of this session."""
        if welcome.call_within_ms is not None:
            if self.session is not None:
                self._next_hello = moment.mono + round(self._uniform(0, welcome.call_within_ms))
            return [], False
        said = self._said.pop(welcome.hello or "", None)
        if said is None or welcome.session != self.session or welcome.journal != self._ledger.journal:
            return [], False
        self.clock = self.clock.learn(welcome.server_ms, said, moment.mono)
        self.welcomed = True
        self._ledger.server_has = min(welcome.have_seq, self._ledger.last_seq)
        behind = self._ledger.server_has < self._ledger.last_seq
        self._next_hello = moment.mono + (UNCONFIRMED_MS if behind else RENEW_MS)
        return [ServerHas(self._ledger.server_has)], True

    def tick(self, moment: Moment) -> list[Effect]:
        """Say hello if it is time to; end a link on which no welcome ever comes."""
        if self._next_hello is None or moment.mono < self._next_hello:
            return []
        if not self.welcomed and moment.mono - self._up_since >= GIVE_UP_MS:
            self._next_hello = None
            return [Reconnect()]
        return [self._hello(moment)]

    def _hello(self, moment: Moment) -> Publish:
        if self.session is None:  # pragma: no cover (only called while there is one)
            raise AssertionError("no session to say hello in")
        token = self._new_token()
        self._said = {**dict(list(self._said.items())[-3:]), token: moment.mono}
        self._next_hello = moment.mono + ASK_AGAIN_MS
        ledger = self._ledger
        return Publish(
            Hello(
                session=self.session,
                hello=token,
                journal=ledger.journal,
                first_seq=ledger.server_has + 1,
                last_seq=ledger.last_seq,
                device_ms=self.clock.stamp(moment)[0],
            )
        )
