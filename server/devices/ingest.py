"""What devices say, taken in: each message checked, kept once, and passed on to whom it concerns."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from protocol import topics
from protocol.codec import decode
from protocol.errors import LinkDown, ProtocolError
from protocol.link import Received
from protocol.messages import About, Event, Hello, NewSecret, Presence, Reading, Receipt, State, Welcome
from protocol.topics import Topic
from server.broker.downlink import Downlink
from server.clock import ClockName
from server.db import Op, StorageError, Writer, WriterBusy
from server.devices.dating import dated, run_of
from server.devices.state import ChannelNow, DeviceNow, DevicePresence, Registry
from server.devices.statements import KEEP_ABOUT, KEEP_MARK, KEEP_PRESENCE, KEEP_REPORT, KEEP_TRUSTS, MOVE_MARK
from server.history.statements import keep_event, keep_loss
from server.live.hub import Hub

log = logging.getLogger("congtac.ingest")

MOST_COMPLAINTS: Final = 20
FEW: Final = 50
LAZY_S: Final = 0.02  # nobody waits for it: the device keeps what it told until it hears that it is kept here
SPREAD_MS: Final = 5_000


class Answers(Protocol):
    """Who waits for what devices answer: the command desk."""

    def receipt(self, device: DeviceNow, receipt: Receipt) -> Op | None:
        """A device answered a command: what is to be written with it. `kept` or `not_kept` follows for what is returned."""

    def kept(self, command_id: str) -> None:
        """It is on disk."""

    def not_kept(self, command_id: str) -> None:
        """It could not be written."""

    def welcomed(self, device: DeviceNow) -> None:
        """A device can be spoken to."""

    def caught_up(self, device: DeviceNow) -> None:
        """Everything that the device had written down when it last said hello is kept here."""


class Ingest:
    """The ear of the server. `take` is called for each message in the loop, and does not block.

    `hold` is offered what an unknown device says; True: it was taken, and comes again if the device turns out to be ours.
    """

    def __init__(
        self,
        registry: Registry,
        writer: Writer,
        downlink: Downlink,
        hub: Hub,
        answers: Answers,
        now_ms: Callable[[], int],
        hold: Callable[[str, Received], bool] = lambda _device_id, _message: False,
    ) -> None:
        self._registry = registry
        self._writer = writer
        self._downlink = downlink
        self._hub = hub
        self._answers = answers
        self._now_ms = now_ms
        self._clock_name = ClockName(now_ms)
        self._hold = hold
        self.on_secret: Callable[[DeviceNow, NewSecret], None] = lambda _device, _told: None
        self.on_reading: Callable[[DeviceNow, Reading], None] = lambda _device, _told: None
        self.refused = 0
        self.on_refused: list[Callable[[str | None, str], None]] = []
        """Each is told the id of a device, None where the topic names none, and the word for what was wrong with its message."""
        self.on_presence: list[Callable[[DeviceNow], None]] = []
        self.on_event: list[Callable[[DeviceNow, ChannelNow | None, Event], None]] = []
        """Each is told of an event before its channel takes it over."""
        self.on_receipt: list[Callable[[DeviceNow, Receipt], None]] = []

    def take(self, message: Received) -> None:
        """Take in one message; what is wrong with it is logged and counted, and goes no further."""
        device_id = None
        try:
            device_id, topic = topics.parse(message.topic)
            device = self._registry.get(device_id)
            if device is None:
                if self._hold(device_id, message):
                    return
                raise ProtocolError("not_for_us", f"no device {device_id} is enrolled here")
            if not message.payload and message.retained:
                return
            if device.presence is DevicePresence.REVOKED:
                raise ProtocolError("not_for_us", f"the device {device_id} was revoked")
            self._take(device, topic, message)
        except ProtocolError as error:
            self.refused += 1
            for told in self.on_refused:
                told(device_id, error.reason)
            if self.refused <= MOST_COMPLAINTS or self.refused % 1000 == 0:
                log.warning("refused a message on %s: %s (%d so far)", message.topic[:200], error, self.refused)

    def _take(self, device: DeviceNow, topic: Topic, message: Received) -> None:
        if not message.retained and topic is not Topic.PRESENCE:  # which may be the broker's word: a will
            device.heard_ms = self._now_ms()
        match topic:
            case Topic.EVENT:
                self._event(device, dated(decode(Event, message.payload), device.run))
            case Topic.RECEIPT:
                self._receipt(device, decode(Receipt, message.payload))
            case Topic.STATE:
                self._state(device, decode(State, message.payload))
            case Topic.HELLO:
                self._hello(device, decode(Hello, message.payload))
            case Topic.PRESENCE:
                self._presence(device, decode(Presence, message.payload), message.retained)
            case Topic.ABOUT:
                self._about(device, decode(About, message.payload), message.payload)
            case Topic.READING:
                self.on_reading(device, decode(Reading, message.payload))
            case Topic.SECRET:
                self.on_secret(device, decode(NewSecret, message.payload))
            case _:
                log.debug("nothing is done with %s yet", topic.path)

    # ---- who is there

    def _presence(self, device: DeviceNow, presence: Presence, retained: bool) -> None:
        if presence.online:
            # being connected is not yet being reachable: the hello that follows proves both directions
            device.connected = True
            if retained and device.presence is not DevicePresence.ONLINE:
                self.call_roll(device)
            return
        current = device.session if device.held is None else device.held.session
        if current is not None and presence.session != current:
            return  # the will of a session that was replaced
        device.held = None
        device.connected = False
        self.became(device, DevicePresence.OFFLINE)

    def call_roll(self, device: DeviceNow, within_ms: int | None = None) -> None:
        """Ask a device to say hello; later, where nothing can be said just now, as while the link is only coming up.

        None: at once where there are few devices, else so that they do not all speak at the same time.
        """
        if within_ms is None:
            within_ms = 0 if len(self._registry) <= FEW else SPREAD_MS
        device.asked_ms = self._now_ms()
        try:
            self._downlink.call_roll(device.id, within_ms)
        except LinkDown as error:
            log.debug("the roll was not called: %s", error)
            device.must_be_asked = True

    def became(self, device: DeviceNow, presence: DevicePresence) -> None:
        """A device came, went, or is no longer known about."""
        if device.presence in (presence, DevicePresence.REVOKED):
            return
        device.presence, device.presence_ms = presence, self._now_ms()
        online = {DevicePresence.ONLINE: True, DevicePresence.OFFLINE: False, DevicePresence.UNKNOWN: None}[presence]
        heard_ms = None if online else device.heard_ms or None
        self._keep(device, KEEP_PRESENCE(device_id=device.id, at_ms=device.presence_ms, online=online, heard_ms=heard_ms))
        self._hub.device_changed(device)
        for told in self.on_presence:
            told(device)

    def _hello(self, device: DeviceNow, hello: Hello) -> None:
        """Answer, and where a new session begins, only once all that was told in the last one is on disk, or cannot be.

        A card that lost its last writes counts on with the same numbers: what is told then must not be taken for what is being kept.
        """
        device.run = run_of(hello, self._now_ms())
        if device.unwritten and hello.session != device.session:
            device.held = hello
        else:
            self._answer(device, hello)

    def _answer(self, device: DeviceNow, hello: Hello) -> None:
        same_session = device.session == hello.session
        device.session = hello.session
        device.held = None
        have = device.marks.get(hello.journal, 0) if device.journal != hello.journal else device.kept_seq
        if hello.first_seq > have + 1:
            log.warning("%s: records %d to %d of its journal are lost", device.id, have + 1, hello.first_seq - 1)
            have = hello.first_seq - 1
            self._keep(device, keep_loss(device.id, hello.journal, have, self._now_ms()))
        is_old_copy = hello.last_seq < have
        if is_old_copy:
            log.warning("%s: its journal ends at %d and %d were kept: an old copy?", device.id, hello.last_seq, have)
        if not same_session or hello.journal != device.journal or have != device.kept_seq:
            self._begin_journal(device, hello.journal, have)
        self._make_mark_sure(device, hello.journal)
        self._trusts(device, frozenset(hello.trusts))
        # it was said before it came, whatever time the device takes it to be
        device.hello_ms = min(hello.surely_ms or 0, self._now_ms())
        device.caught_up_at = None if is_old_copy else hello.last_seq
        welcome = Welcome(
            aud=device.id,
            server_ms=self._now_ms(),
            clock=self._clock_name(),
            session=hello.session,
            hello=hello.hello,
            journal=hello.journal,
            have_seq=have,
        )
        try:
            self._downlink.welcome(welcome)
        except LinkDown as error:
            log.info("%s was not welcomed: %s", device.id, error)
            return
        self.became(device, DevicePresence.ONLINE)
        if is_old_copy:
            return  # it will begin another journal: what waits for it is sent then, so that its answer can be told from none
        self._answers.welcomed(device)
        self._check_caught_up(device)

    def _trusts(self, device: DeviceNow, trusts: frozenset[str]) -> None:
        """Whom the device obeys. Where that is not all of our keys and no other, it is told."""
        if trusts and trusts != device.trusts:
            device.trusts = trusts
            self._keep(device, KEEP_TRUSTS(the_id=device.id, new_trusts=" ".join(sorted(trusts))))
        if trusts and trusts != self._downlink.ring.ids:
            try:
                self._downlink.keys(device.id)
            except LinkDown as error:
                log.info("%s was not told of the keys: %s", device.id, error)

    def _begin_journal(self, device: DeviceNow, journal: str, have: int) -> None:
        """What follows is counted from here."""
        if journal != device.journal or have != device.kept_seq:
            device.mark_is_sure = False
        device.begin_journal(journal, have)

    def _make_mark_sure(self, device: DeviceNow, journal: str) -> None:
        """The mark on disk moves by one only: put it where it belongs when it may be elsewhere."""
        if not device.mark_is_sure:
            device.mark_is_sure = True
            self._keep(device, MOVE_MARK(device_id=device.id, journal=journal, have_seq=device.kept_seq, seen_ms=self._now_ms()))

    def _about(self, device: DeviceNow, about: About, payload: bytes) -> None:
        if device.about == about:
            return
        device.hear_about(about)
        self._keep(device, KEEP_ABOUT(the_id=device.id, new_about=payload.decode()))
        self._hub.device_changed(device)

    # ---- what they tell

    def _state(self, device: DeviceNow, state: State) -> None:
        if device.journal is not None and state.journal != device.journal:
            return
        device.clock = state.clock
        ops: list[Op] = []
        for channel in device.channels.values():
            before = channel.reported, channel.in_doubt
            if not channel.hear_state(state):
                continue
            is_news = (channel.reported, channel.in_doubt) != before
            if is_news:
                self._hub.channel_changed(device, channel)
            if is_news or not device.reports_are_sure:
                ops.append(_report(device, channel))
        device.reports_are_sure = True
        if ops:
            self._keep(device, *ops)

    def _event(self, device: DeviceNow, event: Event) -> None:
        ops = [keep_event(device.id, event, self._now_ms())]
        channel = device.channels.get(event.channel or "")
        for told in self.on_event:
            told(device, channel, event)
        if event.journal == device.journal and channel is not None and channel.hear_event(event):
            ops.append(_report(device, channel))
            self._hub.channel_changed(device, channel)
        self._keep_record(device, event.journal, event.seq, ops)

    def _receipt(self, device: DeviceNow, receipt: Receipt) -> None:
        for told in self.on_receipt:
            told(device, receipt)
        op = self._answers.receipt(device, receipt)
        if receipt.seq is not None:
            self._keep_record(device, receipt.journal, receipt.seq, [] if op is None else [op], receipt.command if op else None)
        elif op is not None:
            self._keep(device, op, answered=receipt.command)

    # ---- what is kept

    def _keep_record(self, device: DeviceNow, journal: str, seq: int, ops: list[Op], answered: str | None = None) -> None:
        """Keep a numbered record, and move the mark if none is missing before it."""
        in_order = journal == device.journal and seq == device.have_seq + 1
        if in_order:
            device.have_seq = seq
            ops.append(KEEP_MARK(of_device=device.id, of_journal=journal, after_seq=seq - 1, to_seq=seq, at_ms=self._now_ms()))
        if not ops:
            return
        done = self._keep(device, *ops, mark=(journal, seq) if in_order else None, answered=answered)
        if done is not None:
            device.unwritten += 1
            done.add_done_callback(lambda _done: self._written(device))

    def _written(self, device: DeviceNow) -> None:
        """One of the records that were on their way to the disk is there, or could not be kept."""
        device.unwritten -= 1
        if not device.unwritten and device.held is not None and device.presence is not DevicePresence.REVOKED:
            self._answer(device, device.held)

    def _keep(
        self, device: DeviceNow, *ops: Op, mark: tuple[str, int] | None = None, answered: str | None = None
    ) -> asyncio.Future[None] | None:
        """Queue writes; None: they were not even queued. What the database cannot take is not acknowledged, so the device will send it
        again.
        """

        def kept() -> None:
            if mark is not None:
                self._kept(device, *mark)
            if answered is not None:
                self._answers.kept(answered)

        try:
            done = self._writer.submit(*ops, after_commit=kept, within_s=LAZY_S)
        except (StorageError, WriterBusy) as error:
            self._not_kept(device, error, answered)
            return None
        done.add_done_callback(lambda future: self._check(device, future, answered))
        return done

    def _check(self, device: DeviceNow, future: asyncio.Future[None], answered: str | None) -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            self._not_kept(device, error, answered)

    def _not_kept(self, device: DeviceNow, error: BaseException, answered: str | None) -> None:
        log.error("%s: what it said could not be kept, it will be asked again: %s", device.id, error)
        device.have_seq = device.kept_seq
        device.mark_is_sure = device.reports_are_sure = False
        device.must_be_asked = True
        if answered is not None:
            self._answers.not_kept(answered)

    def _kept(self, device: DeviceNow, journal: str, seq: int) -> None:
        """A record that was in order is kept; it counts if the one before it is kept too."""
        if journal == device.journal and seq == device.kept_seq + 1:
            device.kept_seq = device.marks[journal] = seq
            device.have_seq = max(
                device.have_seq, seq
            )  # where a hello came, or another write failed, before this one was through
            self._check_caught_up(device)

    def _check_caught_up(self, device: DeviceNow) -> None:
        if device.caught_up_at is not None and device.kept_seq >= device.caught_up_at:
            device.caught_up_at = None
            self._answers.caught_up(device)


def _report(device: DeviceNow, channel: ChannelNow) -> Op:
    return KEEP_REPORT(
        device_id=device.id,
        channel=channel.about.id,
        on=channel.on,
        since_ms=channel.since_ms,
        lease_until_ms=channel.lease_until_ms,
        cause=channel.cause,
        actor=channel.actor,
        told_ms=channel.told_ms or 0,
    )
