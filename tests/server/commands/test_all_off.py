"""All off sends one OFF to each output that may be on, names what is out of reach, and reports only what the devices said."""

import asyncio
from pathlib import Path

import pytest

from protocol.messages import About, ChannelAbout, ChannelKind
from protocol.messages import Fate as Told
from server.commands.all_off import Done, Plan, carry_out, may_be_on, plan
from server.commands.record import CommandRecord, Fate
from server.commands.wish import Actor, Wish
from server.devices.state import ChannelNow, DeviceNow, DevicePresence
from tests.server.board import Puppet, Stage, stage
from tests.waiting import until

LAN = Actor("user:lan", "Lan")
OUTPUT = ChannelAbout(id="den", name="Đèn", kind=ChannelKind.OUTPUT)


def command(fate: Fate, *, on: bool = True, **more: int) -> CommandRecord:
    return CommandRecord("1" * 32, "d" * 16, "den", on, None, "user:lan", "Lan", 1_000, 11_000, fate, **more)  # type: ignore[arg-type]


def device(presence: DevicePresence = DevicePresence.ONLINE, **channels: bool | None) -> DeviceNow:
    """A device with an output for each name; `khoa` is locked and `nut` is a button."""
    made = DeviceNow("d" * 16, "s", "may", "Máy", presence=presence)
    kinds = {"nut": ChannelKind.BUTTON}
    told = [ChannelAbout(id=it, name=it, kind=kinds.get(it, ChannelKind.OUTPUT), locked=it == "khoa") for it in channels]
    made.hear_about(About(model="m", version="1", channels=tuple(told)))
    for name, on in channels.items():
        made.channels[name].on = on
    return made


def told(todo: Plan | Done) -> dict[str, str]:
    return {it.target.channel.about.id: it.reason for it in todo.left}


@pytest.mark.parametrize(
    ("on", "latest", "may"),
    [
        (True, None, True),
        (None, None, True),
        (False, None, False),
        (False, command(Fate.ACCEPTED), True),
        (False, command(Fate.PUBLISHED), True),
        (False, command(Fate.WAITING), True),
        (False, command(Fate.PUBLISHED, on=False), False),
        (False, command(Fate.UNCONFIRMED, settled_ms=9_000), False),
        (False, command(Fate.UNCONFIRMED, settled_ms=12_000), True),
        (False, command(Fate.REJECTED), False),
        (True, command(Fate.APPLIED, on=False), True),
    ],
)
def test_what_is_not_known_to_be_off_and_to_stay_so_may_be_on(on: bool | None, latest: CommandRecord | None, may: bool) -> None:
    assert may_be_on(ChannelNow(OUTPUT, on=on, told_ms=10_000, command=latest)) is may


def test_only_outputs_that_may_be_on_get_an_off() -> None:
    todo = plan([device(den=True, quat=False, bom=None, khoa=True, nut=True)], link_up=True)
    assert [it.channel.about.id for it in todo.targets] == ["den", "bom"]
    assert told(todo) == {"khoa": "locked"}


def test_what_is_left_is_told_once_a_device_and_reason() -> None:
    todo = plan([device(DevicePresence.OFFLINE, den=True, quat=False), device(khoa=True)], link_up=True)
    told = [(of.name, reason, [it.about.id for it in channels]) for of, reason, channels in todo.left_by_device]
    assert told == [("Máy", "device_offline", ["den", "quat"]), ("Máy", "locked", ["khoa"])]


@pytest.mark.parametrize(
    ("presence", "link_up", "left"),
    [
        (DevicePresence.OFFLINE, True, {"den": "device_offline", "quat": "device_offline"}),
        (DevicePresence.UNKNOWN, True, {"den": "device_offline", "quat": "device_offline"}),
        (DevicePresence.ONLINE, False, {"den": "link_down", "quat": "link_down"}),
        (DevicePresence.REVOKED, True, {"den": "device_revoked"}),
    ],
)
def test_every_output_that_cannot_be_heard_is_named_and_of_a_revoked_device_only_what_may_go_on(
    presence: DevicePresence, link_up: bool, left: dict[str, str]
) -> None:
    todo = plan([device(presence, den=True, quat=False)], link_up=link_up)
    assert (todo.targets, told(todo)) == ([], left)


async def began(there: Stage, puppet: Puppet, wait_s: float = 5) -> "asyncio.Task[Done]":
    """All off, once all its commands are on their way."""
    todo = plan(there.board.registry, link_up=True)
    task = asyncio.create_task(carry_out(there.board.desk, LAN, todo, wait_s), name="all off")
    await until(lambda: len(there.link.commands(puppet.id)) >= len(todo.targets))
    return task


async def test_each_device_s_own_word_makes_the_report(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        puppet = await there.device()
        puppet.event("may-bom", True)
        task = await began(there, puppet)
        by_channel = {it.channel: it for it in there.link.commands(puppet.id)}
        assert {name: it.on for name, it in by_channel.items()} == {"may-bom": False, "den": False}
        puppet.receipt(by_channel["may-bom"].jti, on=False)
        puppet.receipt(by_channel["den"].jti, Told.REJECTED, on=True)
        done = await task
    assert [it.channel.about.id for it in done.off] == ["may-bom"]
    assert [(it.channel.about.id, end.fate) for it, end in done.not_off] == [("den", Fate.REJECTED)]
    assert told(done) == {"khoa": "locked"}


async def test_a_device_that_says_nothing_in_time_is_not_told_to_be_off(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        puppet = await there.device()
        done = await (await began(there, puppet, wait_s=0.01))
    assert done.off == []
    assert {end.fate for _, end in done.not_off} == {Fate.PUBLISHED}


async def test_what_the_desk_refuses_is_left_with_its_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        puppet = await there.device()
        todo = plan(there.board.registry, link_up=True)
        now = there.board.registry.get(puppet.id)
        assert now is not None
        locked = now.channels["den"]
        locked.about = locked.about.model_copy(update={"locked": True})  # between the question and the answer
        task = asyncio.create_task(carry_out(there.board.desk, LAN, todo, 5), name="all off")
        await until(lambda: there.link.commands(puppet.id) != [])
        [sent] = there.link.commands(puppet.id)
        puppet.receipt(sent.jti, on=False)
        done = await task
    assert [it.channel.about.id for it in done.off] == ["may-bom"]
    assert told(done) == {"khoa": "locked", "den": "locked"}


async def test_nothing_that_cannot_be_written_counts_as_sent(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        await there.device()
        todo = plan(there.board.registry, link_up=True)
        with there.full_disk():
            done = await carry_out(there.board.desk, LAN, todo, 5)
    assert (done.sent, told(done)) == ([], {"khoa": "locked", "may-bom": "storage", "den": "storage"})


async def test_an_on_that_waits_is_followed_by_the_off(tmp_path: Path) -> None:
    async with stage(tmp_path) as there:
        puppet = await there.device()
        await there.board.desk.issue(LAN, Wish(puppet.id, "den", on=True))
        task = await began(there, puppet, wait_s=0.01)
        await task
        assert [it.on for it in there.link.commands(puppet.id) if it.channel == "den"] == [True, False]
