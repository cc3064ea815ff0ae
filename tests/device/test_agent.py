"""The whole agent, on simulated pins and through a real mosquitto: from the server's word to the pin, and back."""

import asyncio
import contextlib
import json
import os
import shutil
import sqlite3
from typing import Any

import pytest

from device.errors import JournalError, JournalInUse
from device.words import CommandRefused
from protocol.codec import encode
from protocol.messages import Call, Cause, Fate, Hello, Reason, Welcome
from protocol.signing import SigningKey
from protocol.topics import LARGEST_PAYLOAD_BYTES, Topic
from tests.device.site import DEVICE, LAMP, PUMP, Site, moves
from tests.device.small_server import now_ms
from tests.waiting import until


async def test_a_command_moves_the_pin_once_and_is_answered_with_what_the_pin_reads(site: Site):
    async with site.board().running() as board:
        await site.server.welcomed()
        command = site.server.command(for_s=60)
        receipt = await site.server.tell(command)
        await until(lambda: site.server.states[-1].channels["may-bom"].on)
        assert moves(board) == [True]
    assert (receipt.fate, receipt.on, receipt.changed, receipt.seq) == (Fate.APPLIED, True, True, receipt.seq)
    assert 50_000 < receipt.lease_until_ms - now_ms() <= 60_000
    (event,) = site.server.events("switched")
    assert (event.channel, event.on, event.cause, event.actor, event.command) == (
        "may-bom",
        True,
        Cause.COMMAND,
        "Minh",
        command.jti,
    )
    assert len(site.server.receipts(command.jti)) == 1


async def test_what_is_so_already_is_answered_without_a_move(site: Site):
    async with site.board().running() as board:
        await site.server.welcomed()
        receipt = await site.server.tell(site.server.command(on=False))
        assert moves(board) == []
    assert (receipt.fate, receipt.on, receipt.changed) == (Fate.APPLIED, False, False)


async def test_the_server_learns_what_the_device_is_and_that_it_is_there(site: Site):
    async with site.board().running():
        await site.server.welcomed()
    about = next(message for message in site.server.heard if message.TOPIC is Topic.ABOUT)
    assert [(channel.id, channel.name, channel.max_on_s) for channel in about.channels] == [
        ("may-bom", "Máy bơm", 600),
        ("den", "Đèn", None),
    ]
    assert site.server.presences[0].online is True


# ---- what must move nothing


def altered(token: bytes) -> bytes:
    head, payload, signature = token.split(b".")
    return head + b"." + payload[:-4] + b"AAAA" + b"." + signature


REFUSED = {
    "unsigned": (lambda _server, command: command.model_dump_json().encode(), Reason.BAD_SIGNATURE),
    "altered": (lambda server, command: altered(server.key.sign(command)), Reason.BAD_SIGNATURE),
    "signed by another": (lambda _server, command: SigningKey.generate().sign(command), Reason.BAD_SIGNATURE),
    "for another device": (
        lambda server, command: server.key.sign(command.model_copy(update={"aud": "f" * 16})),
        Reason.NOT_FOR_US,
    ),
    "without an actor": (lambda server, command: server.key.sign(command.model_copy(update={"actor": ""})), Reason.NOT_VALID),
    "that lives for two days": (
        lambda server, command: server.key.sign(command.model_copy(update={"exp_ms": command.iat_ms + 2 * 86_400_000})),
        Reason.NOT_VALID,
    ),
    "of random bytes": (lambda _server, _command: os.urandom(500), Reason.BAD_SIGNATURE),
    "empty": (lambda _server, _command: b"", Reason.BAD_SIGNATURE),
    "deeply nested": (lambda _server, _command: b"W1tb" * 1_000 + b"." + b"W1tb" * 20 + b".", Reason.BAD_SIGNATURE),
    "too large": (lambda _server, _command: b"x" * 5_000, Reason.NOT_VALID),
    "as large as the broker lets through": (lambda _server, _command: b"x" * LARGEST_PAYLOAD_BYTES, Reason.NOT_VALID),
}


@pytest.mark.parametrize(("made", "reason"), REFUSED.values(), ids=REFUSED)
async def test_a_message_that_is_no_command_of_the_servers_moves_nothing_and_is_told(site: Site, made: Any, reason: Reason):
    async with site.board().running() as board:
        await site.server.welcomed()
        site.server.send(made(site.server, site.server.command()))
        await until(lambda: site.server.events("refused"))
        assert moves(board) == []
        assert (await site.server.tell(site.server.command("den"))).fate is Fate.APPLIED
    assert [event.reason for event in site.server.events("refused")] == [reason]


async def test_a_megabyte_never_gets_past_the_broker_and_the_device_goes_on(site: Site):
    async with site.board().running() as board:
        await site.server.welcomed()
        site.server.send(b"x" * 1_000_000)
        await site.server.peer.up(times=2)
        assert (await site.server.tell(site.server.command())).fate is Fate.APPLIED
        assert moves(board) == [True]
        assert site.server.events("refused") == []


async def test_a_command_that_is_kept_by_the_broker_moves_nothing_when_the_device_comes(site: Site):
    command = site.server.command()
    site.server.send(site.server.key.sign(command), retain=True)
    await until(lambda: site.server.peer.acks)
    async with site.board().running() as board:
        await until(lambda: site.server.events("refused"))
        assert moves(board) == []
    (event,) = site.server.events("refused")
    assert (event.reason, event.command) == (Reason.RETAINED, command.jti)


async def test_a_replayed_command_moves_nothing_and_its_first_answer_comes_again(site: Site):
    async with site.board().running() as board:
        await site.server.welcomed()
        command = site.server.command()
        first = await site.server.tell(command)
        await site.server.tell(site.server.command(on=False))
        site.server.send(site.server.key.sign(command))
        await until(lambda: site.server.events("refused") and len(site.server.receipts(command.jti)) == 2)
        assert moves(board) == [True, False]
    assert site.server.receipts(command.jti) == [first, first]
    assert [event.reason for event in site.server.events("refused")] == [Reason.REPLAYED]


async def test_a_replayed_command_moves_nothing_after_a_restart(site: Site):
    command = site.server.command()
    async with site.board().running():
        await site.server.welcomed()
        await site.server.tell(command)
        await site.server.tell(site.server.command(on=False))
    async with site.board().running() as board:
        await site.server.welcomed(times=2)
        site.server.send(site.server.key.sign(command))
        await until(lambda: site.server.events("refused"))
        assert [change.level for change in board.changes] == []


async def test_an_expired_command_moves_nothing_and_says_so(site: Site):
    async with site.board().running() as board:
        await site.server.welcomed()
        receipt = await site.server.tell(site.server.command(exp_ms=now_ms() - 1))
        assert moves(board) == []
    assert receipt.fate is Fate.EXPIRED


async def test_before_the_time_is_known_nothing_is_switched(site: Site):
    site.server.answering = False
    async with site.board().running() as board:
        await until(lambda: any(message.TOPIC is Topic.HELLO for message in site.server.heard))
        command = site.server.command()
        site.server.send(site.server.key.sign(command))
        site.server.answering = True
        await until(lambda: site.server.refusals(command.jti), within_s=20)
        assert moves(board) == []
        assert site.server.refusals(command.jti) == [Reason.CLOCK_UNKNOWN]


async def test_nonsense_on_every_topic_down_is_survived(site: Site):
    async with site.board().running():
        await site.server.welcomed()
        base = Topic.COMMAND.of(DEVICE).removesuffix("down/command")
        for path in ("down/welcome", "down/call", "down/config", "down/unheard", "down/command/more", "down/"):
            for payload in (
                b"",
                b"{}",
                b"\xff",
                b"[" * 900,
                json.dumps({"v": 2}).encode(),
                encode(Call(within_ms=0)),
                encode(Welcome(aud=DEVICE, server_ms=0, session="0" * 16, hello="0" * 16, journal="0" * 16, have_seq=9)),
            ):
                site.server.peer.say(base + path, payload)
        assert (await site.server.tell(site.server.command())).fate is Fate.APPLIED


# ---- coming and going


async def test_after_the_broker_was_killed_and_started_again_the_device_obeys(site: Site):
    async with site.board().running() as board:
        await site.server.welcomed()
        await site.broker.kill()
        await until(lambda: not board.agent.core.is_welcomed)
        await site.broker.start()
        await site.server.welcomed(times=2)
        assert (await site.server.tell(site.server.command())).fate is Fate.APPLIED
        assert moves(board) == [True]


async def test_what_happened_while_the_link_was_cut_is_told_afterwards_once_and_in_order(site: Site):
    async with site.board().running() as board:
        await site.server.welcomed()
        await site.server.tell(site.server.command(for_s=1))
        site.network.refuse()
        site.network.cut()
        await until(lambda: moves(board) == [True, False])
        site.network.heal()
        await site.server.welcomed(times=2)
        await until(lambda: len(site.server.events("switched")) == 2)
    assert [(event.on, event.cause) for event in site.server.events("switched")] == [(True, Cause.COMMAND), (False, Cause.LEASE)]
    (journal,) = site.server.have
    assert site.server.have[journal] == set(range(1, max(site.server.have[journal]) + 1))


async def test_a_restart_in_the_middle_of_a_lease_goes_on_with_it_and_ends_it_in_time(site: Site):
    async with site.board().running() as first:
        await site.server.welcomed()
        receipt = await site.server.tell(site.server.command(for_s=2))
        assert moves(first) == [True]
    async with site.board().running() as again:
        await site.server.welcomed(times=2)
        await until(lambda: again.changes)
        ended_ms = again.changes[0].wall_ns // 1_000_000
    assert [(change.pin, change.level) for change in again.changes] == [(PUMP, False)]
    assert -100 <= ended_ms - receipt.lease_until_ms <= 1_500


async def test_a_lease_that_ended_while_the_agent_was_away_is_ended_at_its_start(site: Site):
    async with site.board().running():
        await site.server.welcomed()
        receipt = await site.server.tell(site.server.command(for_s=1))
    await until(lambda: now_ms() > receipt.lease_until_ms)
    async with site.board().running() as again:
        await site.server.welcomed(times=2)
        assert [(change.pin, change.level) for change in again.changes] == [(PUMP, False)]
        await until(lambda: len(site.server.events("switched")) == 2)
    assert site.server.events("switched")[-1].cause is Cause.LEASE


async def test_after_a_power_cut_everything_is_off(site: Site):
    async with site.board(boot_id="before").running():
        await site.server.welcomed()
        await site.server.tell(site.server.command(for_s=600))
        await site.server.tell(site.server.command("den"))
    async with site.board(boot_id="after").running() as again:
        await site.server.welcomed(times=2)
        assert not any(change.level for change in again.changes)
        assert not any(channel.on for channel in site.server.states[-1].channels.values())


async def test_a_goodbye_is_said_in_its_own_session_and_no_will_follows(site: Site):
    for times in (1, 2):
        async with site.board().running():
            await site.server.welcomed(times=times)
        await until(lambda times=times: len(site.server.presences) == 2 * times)
    sessions = [presence.session for presence in site.server.presences]
    assert [presence.online for presence in site.server.presences] == [True, False, True, False]
    assert sessions[0] == sessions[1] != sessions[2] == sessions[3]


async def test_each_connection_has_a_session_of_its_own_so_that_a_late_will_is_known_as_old(site: Site):
    async with site.board().running():
        await site.server.welcomed()
        site.network.cut()
        await site.server.welcomed(times=2)
        await until(lambda: any(not presence.online for presence in site.server.presences))
        will = next(presence for presence in site.server.presences if not presence.online)
        births = [presence.session for presence in site.server.presences if presence.online]
        assert will.session == births[0] != births[1] == site.server.states[-1].session


async def test_two_agents_on_one_folder_are_refused(site: Site):
    async with site.board().running():
        await site.server.welcomed()
        with pytest.raises(JournalInUse):
            site.board()
        assert (await site.server.tell(site.server.command())).fate is Fate.APPLIED


async def test_a_fault_of_the_programs_own_ends_the_agent_instead_of_leaving_relays_untended(
    site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    board = site.board()
    running = asyncio.create_task(board.agent.run(), name="agent")
    await site.server.welcomed()

    def faulty(*_: object) -> None:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(board.agent.core, "handle", faulty)
    with contextlib.suppress(AssertionError):
        site.server.send(site.server.key.sign(site.server.command()))
    await asyncio.wait((running,), timeout=10)
    board.close()
    assert isinstance(running.exception(), ZeroDivisionError)
    assert "a fault of our own" in caplog.text


async def test_a_record_that_cannot_be_read_ends_nothing(site: Site, caplog: pytest.LogCaptureFixture):
    async with site.board().running() as board:
        await site.server.welcomed()
        await site.server.tell(site.server.command(for_s=1))
        site.network.refuse()
        site.network.cut()
        await until(lambda: moves(board) == [True, False])
        damage_records(site)
        site.network.heal()
        await until(lambda: "did not write (KeyError" in caplog.text)
        await site.server.welcomed(times=2)
        site.server.send(site.server.key.sign(site.server.command()))
        await until(lambda: moves(board) == [True, False, True])


async def test_a_card_that_lost_what_was_written_to_it_gives_nothing_another_things_number(site: Site):
    journal, copy = site.folder / "journal.db", site.folder / "earlier.db"
    async with site.board().running():
        await site.server.welcomed()
    shutil.copy(journal, copy)
    async with site.board().running():
        await site.server.welcomed(times=2)
        receipt = await site.server.tell(site.server.command())
    (name,) = site.server.have
    had = set(site.server.have[name])
    copy.replace(journal)
    async with site.board().running():
        await until(lambda: len(site.server.have) == 2)
        again = await site.server.tell(site.server.command(on=False))
    assert site.server.have[name] == had
    (other,) = site.server.have.keys() - {name}
    assert (receipt.journal, again.journal) == (name, other)
    started = [event for event in site.server.events("started") if event.journal == other]
    assert [event.seq for event in started] == [min(site.server.have[other])]


async def test_a_record_that_the_card_has_changed_holds_up_nothing_that_follows(site: Site):
    site.network.refuse()
    async with site.board().running() as board:
        await until(lambda: board.changes)
        for _ in range(2):
            board.agent.feed(CommandRefused(Reason.BAD_SIGNATURE, None))
    with contextlib.closing(sqlite3.connect(site.folder / "journal.db")) as worn, worn:
        worn.execute("UPDATE records SET body = CAST('{' AS BLOB) WHERE seq = 2")
    site.network.heal()
    async with site.board().running():
        await site.server.welcomed()
        for said in (2, 3):  # the first hello learns that the server has the first record, the next that it has no more
            site.server.peer.say(Topic.CALL.of(DEVICE), encode(Call(within_ms=0)))
            await until(lambda said=said: len([it for it in site.server.heard if isinstance(it, Hello)]) >= said)
        await until(lambda: len(site.server.have) == 2)
        receipt = await site.server.tell(site.server.command())
    first, other = site.server.have
    assert (site.server.have[first], receipt.journal) == ({1}, other)
    assert [event.seq for kind in ("refused", "started") for event in site.server.events(kind) if event.journal == other] == [
        3,
        4,
    ]


async def test_a_journal_with_a_record_that_cannot_be_read_is_set_aside_at_the_next_start(site: Site):
    site.network.refuse()
    async with site.board().running() as board:
        await until(lambda: board.changes)
    damage_records(site)
    site.network.heal()
    async with site.board().running():
        await site.server.welcomed()
        assert (await site.server.tell(site.server.command())).fate is Fate.APPLIED
    assert (site.folder / "journal.db.broken-1").exists()


def damage_records(site: Site) -> None:
    """As a worn card would: a bit of each record's topic."""
    with contextlib.closing(sqlite3.connect(site.folder / "journal.db")) as stranger, stranger:
        assert stranger.execute("UPDATE records SET topic = 'EVEN\\'").rowcount > 0


class FillingCard:
    """What the journal meets on a card that is full for a while."""

    full = False

    def step(self, name: str) -> None:
        if self.full and name == "begin":
            raise JournalError("the card is full")


async def test_on_a_full_card_off_is_obeyed_on_is_refused_and_the_trouble_is_logged_once(
    site: Site, caplog: pytest.LogCaptureFixture
):
    card = FillingCard()
    async with site.board(step=card.step).running() as board:
        await site.server.welcomed()
        await site.server.tell(site.server.command())
        card.full = True
        refused = await site.server.tell(site.server.command("den"))
        obeyed = await site.server.tell(site.server.command(on=False))
        assert (moves(board), moves(board, LAMP)) == ([True, False], [])
        card.full = False
        await until(lambda: len(site.server.events("switched")) == 2)
        assert (await site.server.tell(site.server.command("den"))).fate is Fate.APPLIED
    assert (refused.fate, refused.reason, refused.seq) == (Fate.REJECTED, Reason.STORAGE, None)
    assert (obeyed.fate, obeyed.seq) == (Fate.APPLIED, None)
    told = [
        record.message for record in caplog.records if record.name == "congtac.agent" and record.levelname in {"ERROR", "WARNING"}
    ]
    assert told == ["the card is full", "the journal can be written again"]


async def test_what_was_switched_off_on_a_full_card_is_still_off_after_a_restart(site: Site):
    card = FillingCard()
    async with site.board(step=card.step).running() as board:
        await site.server.welcomed()
        await site.server.tell(site.server.command())
        card.full = True
        assert (await site.server.tell(site.server.command(on=False))).fate is Fate.APPLIED
        assert moves(board) == [True, False]
    async with site.board().running() as again:
        await site.server.welcomed(times=2)
        assert not any(change.level for change in again.changes)
