"""From what a device does to what a phone shows: whole, with a database, a switchboard and a push service."""

from pathlib import Path

import pytest
from sqlmodel import select

from protocol.messages import Cause, ClockTrust, Event, EventKind, Fate, Reason
from server.commands.wish import Actor, Wish
from server.devices.chosen import Chosen
from server.notify.kinds import Kind, Message, What
from server.notify.models import Notice, PushSubscription
from tests.server.board import SITE, Puppet
from tests.server.notify.services import mail_server
from tests.server.notify.world import Told, told
from tests.waiting import until


async def results(world: Told) -> list[tuple[str, str, str]]:
    async with world.stage.database.read() as session:
        rows = (await session.exec(select(Notice).order_by(Notice.made_ms, Notice.message_id, Notice.user_id))).all()
    return [(row.user_id, row.what, row.result) for row in rows]


async def test_a_device_that_stays_away_is_told_once_and_its_return_once(tmp_path: Path):
    async with told(tmp_path) as world:
        await world.phone("lan")
        device = await world.device()
        device.will()
        await world.later(119)
        assert world.heard("lan") == []
        for _ in range(5):
            await world.later(100)
        assert world.heard("lan") == ["Máy mất kết nối"]
        device.hello()
        await world.later(59)
        assert len(world.heard("lan")) == 1
        await world.later(1)
        assert world.heard("lan") == ["Máy mất kết nối", "Máy đã có lại kết nối"]
        [away, back] = [pushed.said for pushed in world.service.pushed]
    assert away["tag"] == back["tag"], "the second takes the first one's place on the screen"
    assert (away["url"], away["lang"]) == (f"/devices/{device.id}", "vi")
    assert back["body"].endswith("(Nhà)")


async def test_a_link_that_flaps_is_one_message(tmp_path: Path):
    async with told(tmp_path) as world:
        await world.phone("lan")
        device = await world.device()
        for _ in range(60):
            device.will()
            await world.later(20)
            device.hello()
            await world.later(10)
        assert world.heard("lan") == ["Máy mất kết nối"]
        await world.later(60)
        assert world.heard("lan") == ["Máy mất kết nối", "Máy đã có lại kết nối"]


async def test_what_was_told_before_a_restart_is_not_told_again_and_the_return_is(tmp_path: Path):
    async with told(tmp_path) as world:
        await world.phone("lan")
        device = await world.device()
        device.will()
        await world.later(200)
        assert world.heard("lan") == ["Máy mất kết nối"]
        clock = world.clock
    async with told(tmp_path, clock=clock, fresh=False) as world:
        await world.notices.store.subscribe("lan", "session-lan", world.service.browser("lan"), language="vi", name="")
        await world.later(500)
        assert world.heard("lan") == []
        again = Puppet(world.stage.board, device.id, session="c" * 16)
        again.hello()
        await world.later(60)
        assert world.heard("lan") == ["Máy đã có lại kết nối"]


async def test_each_hears_in_their_language_what_they_chose_and_a_stranger_nothing(tmp_path: Path):
    async with told(tmp_path) as world:
        for who, language in (("lan", "vi"), ("minh", "en"), ("stranger", "vi")):
            await world.phone(who, language)
        device = await world.device()
        device.will()
        await world.later(120)
        assert [world.heard(who) for who in ("lan", "minh", "stranger")] == [["Máy mất kết nối"], ["Máy is away"], []]
        await world.notices.store.choose("minh", [SITE], {(SITE, Kind.SAFETY)}, "en")
        device.hello()
        await world.later(60)
        assert [len(world.heard(who)) for who in ("lan", "minh", "stranger")] == [2, 1, 0]


def switched(device: Puppet, cause: Cause, *, on: bool, channel: str = "may-bom") -> None:
    device.seq += 1
    device.say(
        Event(
            journal=device.journal,
            seq=device.seq,
            at_ms=device.board.now_ms(),
            clock=ClockTrust.SERVER,
            kind=EventKind.SWITCHED,
            channel=channel,
            on=on,
            cause=cause,
        )
    )


async def test_outputs_that_a_power_cut_made_safe_are_told_in_one_message(tmp_path: Path):
    async with told(tmp_path) as world:
        await world.phone("lan")
        device = await world.device()
        for channel in ("may-bom", "den"):
            switched(device, Cause.BUTTON, on=True, channel=channel)
        for channel in ("may-bom", "den"):
            switched(device, Cause.BOOT, on=False, channel=channel)
        await world.later(5)
        assert world.heard("lan") == ["Máy có điện lại"]
        assert "may-bom, den" in world.service.bodies[0]


async def test_a_channel_is_told_of_by_the_name_that_was_chosen_for_it(tmp_path: Path):
    async with told(tmp_path) as world:
        await world.phone("lan")
        device = await world.device()
        known = world.stage.board.registry.get(device.id)
        assert known is not None
        known.choose({"may-bom": Chosen(label="Máy bơm vườn")})
        switched(device, Cause.BUTTON, on=True)
        switched(device, Cause.LINK_LOSS, on=False)
        await world.later(1)
        assert world.heard("lan") == ["Máy bơm vườn đã tự tắt"]


async def test_an_event_that_a_device_sends_again_is_told_once(tmp_path: Path):
    async with told(tmp_path) as world:
        await world.phone("lan")
        device = await world.device()
        switched(device, Cause.BUTTON, on=True)
        switched(device, Cause.LINK_LOSS, on=False)
        await world.later(1)
        device.seq -= 1
        world.clock.ms += 700_000
        switched(device, Cause.LINK_LOSS, on=False)
        await world.later(1)
        assert world.heard("lan") == ["may-bom đã tự tắt"]


async def test_an_interlock_is_told_to_others_than_who_wished(tmp_path: Path):
    async with told(tmp_path) as world:
        await world.phone("lan")
        await world.phone("minh")
        device = await world.device()
        command = await world.stage.board.desk.issue(Actor("user:lan", "Lan"), Wish(device.id, "may-bom", on=True))
        device.receipt(command.id, Fate.REJECTED, on=False, reason=Reason.INTERLOCK)
        await world.later(1)
        assert [world.heard("lan"), world.heard("minh")] == [[], ["may-bom không được bật"]]


@pytest.mark.parametrize(
    ("answers", "result", "requests"), [([503], "sent", 2), ([503, 503], "failed", 2), ([None], "unsure", 1)]
)
async def test_only_what_surely_did_not_arrive_is_sent_again(
    tmp_path: Path, answers: list[int | None], result: str, requests: int
):
    async with told(tmp_path) as world:
        await world.phone("lan")
        device = await world.device()
        world.service.answers = answers
        device.will()
        await world.later(120)
        assert await results(world) == [("lan", "away", result)]
        assert len(world.service.pushed) == requests


@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_that_is_no_more_is_forgotten(tmp_path: Path, status: int):
    async with told(tmp_path) as world:
        await world.phone("lan")
        device = await world.device()
        world.service.answers = [status]
        device.will()
        await world.later(120)
        async with world.stage.database.read() as session:
            assert (await session.exec(select(PushSubscription))).all() == []
        assert await results(world) == [("lan", "away", "failed")]


async def test_a_mail_goes_to_a_sealed_address_and_its_row_holds_no_secret(tmp_path: Path):
    async with mail_server() as mails, told(tmp_path) as world:
        address = f"mailto://127.0.0.1:{mails.port}?to=lan@example.org&from=congtac@example.org&mode=insecure"
        sealed = world.notices.seal.close(address)
        await world.notices.store.add_address("lan", sealed, "mailto://…", "en")
        device = await world.device()
        device.will()
        await world.later(120)
        assert [mail["subject"] for mail in mails.mails] == ["Máy is away"]
        assert "example.org" not in sealed
        assert await results(world) == [("lan", "away", "sent")]


async def test_who_lost_their_session_on_a_phone_hears_nothing_there(tmp_path: Path):
    from sqlalchemy import delete
    from sqlmodel import col

    from server.accounts.models import Session

    async with told(tmp_path) as world:
        await world.phone("lan")

        async def sign_out(session) -> None:
            await session.exec(delete(Session).where(col(Session.id) == "session-lan"))

        await world.stage.database.writer.run(sign_out)
        device = await world.device()
        device.will()
        await world.later(120)
        assert world.service.pushed == []
        assert await results(world) == []


async def test_who_was_removed_from_a_place_is_not_told_what_waited_for_a_restart(tmp_path: Path):
    async with told(tmp_path) as world:
        for who in ("lan", "minh"):
            await world.phone(who)
        device = await world.device()
        message = Message("away/x", What.AWAY, device.id, world.clock.ms, {"since_ms": world.clock.ms})
        await world.notices.store.plan(message, SITE)
        await world.leaves("minh")
        world.notices.delivery.offer(await world.notices.store.take_up())
        await until(lambda: world.notices.delivery.idle)
        assert [world.heard("lan"), world.heard("minh")] == [["Máy mất kết nối"], []]
        assert await results(world) == [("lan", "away", "sent"), ("minh", "away", "failed")]


async def test_who_was_removed_from_a_place_may_still_try_their_phone(tmp_path: Path):
    async with told(tmp_path) as world:
        await world.phone("minh")
        await world.leaves("minh")
        [way] = await world.notices.store.ways("minh")
        world.notices.delivery.offer([await world.notices.store.plan_test("minh", way.id)])
        await until(lambda: world.notices.delivery.idle)
        assert world.heard("minh") == ["Tin thử từ Công tắc"]
