"""Turns the crank: hands the core what happens, and carries out what it says. Owns the loop's side of pins, journal and link."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from device import now
from device.boot import plan
from device.clock import Moment
from device.core import Core
from device.errors import JournalError
from device.identity import Identity
from device.journal import Journal
from device.outbox import Outbox
from device.pins import Pins
from device.wiring import Wiring
from device.words import (
    BeginJournal,
    CommandCame,
    CommandRefused,
    Drive,
    DriveLate,
    Driven,
    Effect,
    Input,
    InputRead,
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
from device.words import Journal as WriteJournal
from protocol import topics
from protocol.backoff import Backoff
from protocol.codec import decode, encode
from protocol.errors import LinkDown, ProtocolError
from protocol.ids import new_token
from protocol.link import Link, LinkSettings, LinkState, Received, Will
from protocol.messages import (
    About,
    Call,
    Command,
    Hello,
    Keys,
    Measurement,
    Message,
    NewSecret,
    Presence,
    Reading,
    Reason,
    Renew,
    Welcome,
)
from protocol.secret import hash_of_secret, new_secret
from protocol.signing import Verifier, unverified_id
from protocol.topics import Topic

log = logging.getLogger("congtac.agent")

_DOOR_REASONS = {"bad_signature": Reason.BAD_SIGNATURE, "not_for_us": Reason.NOT_FOR_US}


class Agent:
    """One device, from its journal to its link. `run` lasts until it is cancelled; the outputs then stay as they are."""

    def __init__(
        self,
        identity: Identity,
        wiring: Wiring,
        about: About,
        journal: Journal,
        pins: Pins,
        *,
        boot_id: str,
        keepalive_s: int = 30,
        moment: Callable[[], Moment] = now.moment,
        backoff: Backoff | None = None,
        keep_identity: Callable[[Identity], None] | None = None,
    ) -> None:
        self._identity = identity
        self._keep_identity = keep_identity
        self._wiring = wiring
        self._about = about
        self._journal = journal
        self._pins = pins
        self._boot_id = boot_id
        self._moment = moment
        self._verifier = Verifier(identity.server_keys, identity.device_id)
        self._session = new_token()
        self._tries = 0
        self._trying = identity.secret
        self._renewal = ""
        self._timer: asyncio.TimerHandle | None = None
        self._trouble = ""
        self._fault: asyncio.Future[None]
        self.link = Link(
            LinkSettings(
                host=identity.broker_host,
                port=identity.broker_port,
                user=identity.device_id,
                secret=identity.secret.get_secret_value(),
                subscriptions=(topics.everything_down(identity.device_id),),
                keepalive_s=keepalive_s,
                tls=identity.tls_context(),
                transport=identity.broker_transport,
                path=identity.broker_path,
            ),
            on_message=self._received,
            on_state=self._link_state,
            will=self._new_will,
            backoff=backoff,
        )

    async def run(self) -> None:
        """Bring the outputs to where they belong, then serve. Raises JournalError or PinError when that cannot even begin.

        Any other exception is a fault of this program's own. It ends the run, so that whatever started it starts it anew.
        """
        self._loop = asyncio.get_running_loop()
        self._fault = self._loop.create_future()
        self._outbox = Outbox(self._journal, self._publish, lambda call: self._loop.call_soon(self._reading, call))
        self._core = self._start()
        link = asyncio.create_task(self.link.run(), name=f"link of {self._identity.device_id}")
        try:
            await asyncio.wait((link, self._fault), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._pins.close()  # no input may call into a loop that ends
            link.cancel()
            await asyncio.wait((link,))
            if self._timer is not None:
                self._timer.cancel()
        if self._fault.done():
            self._fault.result()
        link.result()

    def say_goodbye(self) -> None:
        """Tell that this session ends on purpose; call before cancelling `run`."""
        with contextlib.suppress(LinkDown):
            self._publish(Topic.PRESENCE, encode(Presence(session=self._session, online=False)))

    def time_ms(self) -> int | None:
        """The time by the server's clock; None while that is not known, or nobody would hear what is told."""
        return self._core.time_ms(self._moment()) if hasattr(self, "_core") else None

    def tell_measured(self, values: tuple[Measurement, ...]) -> None:
        """Tell what sensors measured. It is lost where there is no link."""
        self._say(Reading(values=values))

    @property
    def core(self) -> Core:
        """The core as it stands; there from the moment that `run` has started."""
        return self._core

    def _start(self) -> Core:
        memory = self._journal.load()
        rules = {wire.id: wire.rule() for wire in self._wiring.outputs}
        inputs = {wire.id: wire.rule() for wire in self._wiring.inputs}
        boot = plan(rules, memory, self._boot_id, self._moment().mono)
        core = Core(self._about, rules, inputs, memory, boot, self._boot_id, new_token, random.uniform)
        self._core = core
        levels = self._pins.open({channel: output.on for channel, output in boot.outputs.items()})
        self.feed(Opened(levels))
        self._pins.watch(self._input_changed)
        return core

    def feed(self, what: Input) -> None:
        """Let the core decide about this, and do it. A core that failed halfway decides nothing any more: see `run`."""
        if self._fault.done():
            return
        try:
            self._carry_out(self._core.handle(what, self._moment()))
            self._set_timer()
        except Exception as error:  # called from timers, threads and callbacks, which would swallow it and leave relays untended
            log.critical("a fault of our own: the agent ends", exc_info=error)
            self._fault.set_exception(error)

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            if not self._do(effect):
                return

    def _do(self, effect: Effect) -> bool:
        """Do one thing; False: it failed, so what was to follow it must not be done."""
        match effect:
            case WriteJournal():
                return self._write(effect)
            case BeginJournal():
                return self._begin_journal(effect)
            case Drive():
                self._drive(effect)
            case Publish():
                self._say(effect.message)
            case SendAgain():
                self._reading(lambda: self._outbox.again(effect.seq))
            case ServerHas():
                self._reading(lambda: self._server_has(effect.seq))
            case Reconnect():
                log.warning("the server does not answer on this link: connecting anew")
                self.link.drop()
            case _:
                assert_never(effect)
        return True

    def _write(self, effect: WriteJournal) -> bool:
        try:
            self._journal.write(effect.write)
        except JournalError as error:
            self._journal_says(str(error))
            self._carry_out(self._core.handle(Unwritten(effect.write), self._moment()))
            return False
        self._journal_says("")
        self._reading(lambda: self._outbox.recorded(effect.write.records))
        return True

    def _begin_journal(self, effect: BeginJournal) -> bool:
        try:
            self._journal.begin(effect.name, effect.after_seq)
        except JournalError as error:
            self._journal_says(str(error))
            return False
        log.error(
            "the card has lost or changed what was written to it; after %d the journal is %s", effect.after_seq, effect.name
        )
        self._outbox.stop()
        self._carry_out(self._core.handle(JournalBegun(effect.name, effect.after_seq), self._moment()))
        return True

    def _server_has(self, seq: int) -> None:
        spoilt = self._outbox.server_has(seq)
        if spoilt is not None:
            self._carry_out(self._core.handle(Spoilt(spoilt), self._moment()))

    def _drive(self, effect: Drive) -> None:
        at = self._moment()
        what: Input
        if effect.not_after is not None and at.mono >= effect.not_after:
            what = DriveLate(effect.channel)
        else:
            what = Driven(effect.channel, self._pins.drive(effect.channel, effect.on))
        self._carry_out(self._core.handle(what, self._moment()))

    def _reading(self, call: Callable[[], None]) -> None:
        """What only reads or trims the journal may fail without consequence: it is asked again with the next welcome."""
        try:
            call()
        except JournalError as error:
            self._journal_says(str(error))

    def _journal_says(self, trouble: str) -> None:
        """Log each trouble once, not at each try, and its end."""
        if trouble and trouble != self._trouble:
            log.error("%s", trouble)
        if self._trouble and not trouble:
            log.warning("the journal can be written again")
        self._trouble = trouble

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wake = self._core.next_wake
        if wake is not None:
            wait_s = max(0, wake - self._moment().mono) / 1000
            self._timer = self._loop.call_later(wait_s, self.feed, Tick())

    def _input_changed(self, channel: str, on: bool) -> None:
        """Called from gpiozero's thread, and once from ours at the start."""
        self._loop.call_soon_threadsafe(self.feed, InputRead(channel, on))

    # ---- the link's side

    def _new_will(self) -> Will:
        self._session = new_token()
        will = Presence(session=self._session, online=False)
        return Will(Topic.PRESENCE.of(self._identity.device_id), encode(will), retained=Topic.PRESENCE.retained)

    def _link_state(self, state: LinkState) -> None:
        match state:
            case LinkState.UP:
                log.info("connected, session %s", self._session)
                self._let_in()
                self.feed(LinkUp(self._session))
            case LinkState.WAITING | LinkState.CLOSED:
                self._outbox.stop()
                self.feed(LinkWentDown())
            case LinkState.CONNECTING:
                self._choose_secret()

    def _choose_secret(self) -> None:
        """Try all that may let us in by turns: which of them the broker has is told by nothing but its letting us in."""
        known = self._identity.secrets()
        self._trying = known[self._tries % len(known)]
        self._tries += 1
        self.link.settings = replace(self.link.settings, secret=self._trying.get_secret_value())

    def _let_in(self) -> None:
        self._tries = 0
        held = self._identity.let_in_by(self._trying)
        if held is not self._identity and self._keep(held):
            log.warning("the broker has taken this device's new secret")

    def _publish(self, topic: Topic, payload: bytes) -> None:
        self.link.publish(topic.of(self._identity.device_id), payload, retain=topic.retained)

    def _say(self, message: Message) -> None:
        if isinstance(message, Hello):
            message = message.model_copy(update={"trusts": self._verifier.key_ids})
        with contextlib.suppress(LinkDown):
            self._publish(message.TOPIC, encode(message))

    def _received(self, message: Received) -> None:
        try:
            device_id, topic = topics.parse(message.topic)
            if device_id != self._identity.device_id:
                raise ProtocolError("not_for_us", message.topic)
            self._heard(topic, message)
        except ProtocolError as error:
            log.warning("ignored a message on %s: %s", message.topic[:200], error)

    def _heard(self, topic: Topic, message: Received) -> None:
        match topic:
            case Topic.COMMAND:
                self.feed(self._at_the_door(message))
            case Topic.WELCOME:
                self.feed(Welcomed(self._verifier.read(Welcome, message.payload)))
            case Topic.KEYS:
                self._change_keys(self._verifier.read(Keys, message.payload), self._verifier.signer(message.payload))
            case Topic.RENEW:
                self._renew_secret(self._verifier.read(Renew, message.payload))
            case Topic.CALL:
                self.feed(RollCalled(decode(Call, message.payload)))
            case _:
                log.debug("nothing to do for %s", topic.path)

    def _change_keys(self, told: Keys, signer: str) -> None:
        """Trust other keys from now on: on the card first, so that a power cut loses no control."""
        if told.version <= self._identity.keys_version or signer not in told.keys:
            raise ProtocolError(
                "not_valid", f"keys of version {told.version}: an old word, or one that would lock out who says it"
            )
        if not self._keep(self._identity.model_copy(update={"server_keys": told.keys, "keys_version": told.version})):
            return
        identity = self._identity
        self._verifier = Verifier(identity.server_keys, identity.device_id)
        log.warning("the server's keys are now %s", ", ".join(self._verifier.key_ids))
        self.feed(RollCalled(Call(within_ms=0)))

    def _renew_secret(self, told: Renew) -> None:
        """Make a new secret, on the card first, and offer the broker its hash. The old one is tried until the new one has let us in."""
        if told.session != self._session or told.renewal == self._renewal:
            raise ProtocolError("not_valid", "a renewal of another session, or one that was answered")
        secret = new_secret()
        if not self._keep(self._identity.offering(secret)):
            return
        self._renewal = told.renewal
        self._say(NewSecret(renewal=told.renewal, secret_hash=hash_of_secret(secret)))

    def _keep(self, identity: Identity) -> bool:
        """Be who that tells, once it is on the card; False: it cannot be kept there, and nothing has changed."""
        if self._keep_identity is not None:
            try:
                self._keep_identity(identity)
            except OSError as error:
                log.error("the identity cannot be written, and stays as it was: %s", error)
                return False
        self._identity = identity
        return True

    def _at_the_door(self, message: Received) -> CommandCame | CommandRefused:
        if message.retained:
            log.warning("a retained command was dropped")
            return CommandRefused(Reason.RETAINED, unverified_id(message.payload))
        try:
            return CommandCame(self._verifier.read(Command, message.payload))
        except ProtocolError as error:
            log.warning("a command was refused: %s", error)
            reason = _DOOR_REASONS.get(error.reason, Reason.NOT_VALID)
            return CommandRefused(reason, None if error.reason == "too_large" else unverified_id(message.payload))
