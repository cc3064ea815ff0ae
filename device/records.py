"""What is written down and told: events, receipts and states, stamped with the best time there is, and numbered. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from device.clock import Moment
from device.ledger import Ledger
from device.rules import Output
from device.talk import Talk
from protocol.ids import COMMAND_ID_PATTERN
from protocol.messages import ChannelState, ClockTrust, Command, Event, EventKind, Fate, Reason, Receipt, State

_COMMAND_ID: Final = re.compile(COMMAND_ID_PATTERN)

Record = Event | Receipt


class Records:
    """Makes records. Where the ledger gives no number any more, an event is not made, and a receipt has none and is only told."""

    def __init__(self, ledger: Ledger, talk: Talk) -> None:
        self._ledger = ledger
        self._talk = talk

    def event(self, kind: EventKind, moment: Moment, **fields: object) -> list[Record]:
        """Something that happened."""
        at_ms, trust = self._talk.clock.stamp(moment)
        seq = self._ledger.next_seq()
        if seq is None:
            return []
        told = {"journal": self._ledger.journal, "seq": seq, "at_ms": at_ms, "clock": trust, "kind": kind}
        if trust is not ClockTrust.SERVER:
            told |= {"boot": self._talk.boot, "mono_ms": moment.mono}
        return [Event.model_validate({**told, **fields})]

    def switched(
        self,
        channel: str,
        now: Output,
        moment: Moment,
        command: Command | None = None,
        kind: EventKind = EventKind.SWITCHED,
    ) -> list[Record]:
        """A channel is now like this."""
        return self.event(
            kind,
            moment,
            channel=channel,
            on=now.on,
            cause=now.cause,
            actor=now.actor,
            command=command.jti if command else None,
            lease_until_ms=self._talk.clock.wall_of(now.lease_until, moment),
        )

    def refused(self, reason: Reason, command: str | None, moment: Moment, channel: str | None) -> list[Record]:
        """Something was turned away. `command` may be anything that somebody claimed, and is told only if it is an id."""
        known = command if command is not None and _COMMAND_ID.fullmatch(command) else None
        return self.event(EventKind.REFUSED, moment, channel=channel, command=known, reason=reason)

    def receipt(self, command: str, channel: str, fate: Fate, moment: Moment, **fields: object) -> Receipt:
        """The answer to a command."""
        at_ms, trust = self._talk.clock.stamp(moment)
        told = {"command": command, "channel": channel, "fate": fate, "at_ms": at_ms, "clock": trust}
        return Receipt.model_validate({"journal": self._ledger.journal, "seq": self._ledger.next_seq(), **told, **fields})

    def state(self, session: str, channels: Mapping[str, Output], moment: Moment) -> State:
        """All channels as they stand."""
        at_ms, trust = self._talk.clock.stamp(moment)
        return State(
            session=session,
            journal=self._ledger.journal,
            seq=self._ledger.written_seq,
            at_ms=at_ms,
            clock=trust,
            channels={channel: self._channel(output, moment) for channel, output in channels.items()},
        )

    def _channel(self, output: Output, moment: Moment) -> ChannelState:
        return ChannelState(
            on=output.on,
            since_ms=output.since_ms or None,
            lease_until_ms=self._talk.clock.wall_of(output.lease_until, moment),
            cause=output.cause,
            actor=output.actor,
        )
