"""Sends the journal's records in their order, from where the server left off; live when it is level, from the disk when it lags."""

from collections.abc import Callable

from device.journal import Journal
from protocol.codec import decode, encode
from protocol.errors import LinkDown, ProtocolError
from protocol.messages import MESSAGES, Event, Receipt
from protocol.topics import Topic

AT_ONCE = 100


class Outbox:
    """The sending half of the journal. `publish(topic, payload)` raises LinkDown when it cannot; `soon` runs a call a little later.

    Every method may raise JournalError; what it left undone is done after the next welcome.
    """

    def __init__(
        self, journal: Journal, publish: Callable[[Topic, bytes], None], soon: Callable[[Callable[[], None]], object]
    ) -> None:
        self._journal = journal
        self._publish = publish
        self._soon = soon
        self._sent: int | None = None  # the last record sent in this session; None: the server has not said where to begin
        self._server_had: int | None = None

    def stop(self) -> None:
        """The link is lost: nothing is sent until the server says again what it has."""
        self._sent = self._server_had = None

    def server_has(self, seq: int) -> int | None:
        """The server has all up to this number. Begin there; begin there again when it did not get on since it last said so.

        Returns up to where it never will, since a worn card has changed what comes next, or lost it.
        """
        stuck = self._server_had == seq
        self._server_had = seq
        begin_at = seq if self._sent is None or stuck or self._sent < seq else self._sent
        self._sent = None  # first the card must not have it any more that nothing was told: after a crash it would be told anew
        try:
            self._journal.drop_until(seq)
        finally:
            if not self._journal.is_untold():  # also when nothing can be dropped, as on a full card
                self._sent = begin_at
                self._pump()
        return self._spoilt_after(seq) if stuck else None

    def _spoilt_after(self, seq: int) -> int | None:
        for number, topic, payload in self._journal.records_after(seq, 1):
            if number > seq + 1:
                return number - 1
            return number if self._is_changed(number, topic, payload) else None
        return None

    def recorded(self, records: tuple[Event | Receipt, ...]) -> None:
        """These were journaled just now."""
        if self._sent is None or not records:
            return
        if records[0].seq != self._sent + 1:
            self._pump()
            return
        for record in records:
            if not self._send(record.seq or 0, record.TOPIC, encode(record)):
                return

    def again(self, seq: int) -> None:
        """Send one record once more, if it is still here."""
        for number, topic, payload in self._journal.records_after(seq - 1, 1):
            if number == seq and self._sent is not None and seq <= self._sent:
                self._try(topic, payload)

    def _pump(self) -> None:
        if self._sent is None:
            return
        batch = self._journal.records_after(self._sent, AT_ONCE)
        if all(not self._is_changed(*record) and self._send(*record) for record in batch) and len(batch) == AT_ONCE:
            self._soon(self._pump)

    def _is_changed(self, number: int, topic: Topic, payload: bytes) -> bool:
        try:
            record = decode(MESSAGES[topic], payload)
        except ProtocolError:
            return True
        return not isinstance(record, Event | Receipt) or (record.journal, record.seq) != (self._journal.name, number)

    def _send(self, seq: int, topic: Topic, payload: bytes) -> bool:
        if self._sent is None or not self._try(topic, payload):
            return False
        self._sent = seq
        return True

    def _try(self, topic: Topic, payload: bytes) -> bool:
        try:
            self._publish(topic, payload)
        except LinkDown:
            return False
        return True
