"""Keeping schedules, and what happens next."""

from collections.abc import AsyncIterator
from itertools import count

import pytest
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from protocol.schedules.rules import LANG_SON, MOST_RULES, Deed, Place, Weekly
from server.accounts.models import User
from server.devices.models import Device
from server.errors import Problem
from server.schedules import Schedule, ScheduleNow, Schedules, Where, next_of_channel, what_next
from server.web.i18n import words_in
from tests.protocol.schedules.moments import LAMP, PUMP, ms, rule, weekly
from tests.server.people import START_MS, People, small_world

DEVICE = "d" * 16
DEED = Deed(channel=PUMP, when=Weekly(days=(1,), at="06:00"), on=True, for_s=1800)
OTHER = Deed(channel=LAMP, when=Weekly(at="18:00"), on=False)


@pytest.fixture
async def people(address: str) -> AsyncIterator[People]:
    async with small_world(address) as world:

        async def add(session: AsyncSession) -> None:
            session.add(Device(id=DEVICE, site_id=world.site_id, slug="may", name="Máy", created_ms=1))

        await world.database.writer.run(add)
        yield world


@pytest.fixture
def schedules(people: People) -> Schedules:
    numbers = count(1)
    return Schedules(people.database, clock=people.clock, make_id=lambda: f"{next(numbers):016x}")


async def add(schedules: Schedules, people: People, who: str, deed: Deed = DEED) -> ScheduleNow:
    return await schedules.add(people.site_id, DEVICE, deed, name="Tưới", enabled=True, by=people.ids[who])


async def refused(awaited) -> tuple[int, str]:
    with pytest.raises(Problem) as problem:
        await awaited
    return problem.value.status, problem.value.code


async def test_what_was_made_is_found_as_it_was_made(schedules: Schedules, people: People) -> None:
    made = await add(schedules, people, "Minh")
    assert made.rule.model_dump(exclude={"id"}) == DEED.model_dump()
    assert (made.id, made.rule.id, made.created_ms, made.changed_ms) == ("0" * 15 + "1", "0" * 15 + "1", START_MS, START_MS)
    assert await schedules.find(made.id) == made
    assert await schedules.of_device(DEVICE) == await schedules.of_sites([people.site_id]) == [made]
    assert await schedules.of_sites([]) == []
    assert await schedules.find("none") is None


async def test_what_was_changed_is_found_as_it_is(schedules: Schedules, people: People) -> None:
    made = await add(schedules, people, "Lan")
    people.clock.turn(5)
    changed = await schedules.replace(made.id, OTHER, name="", enabled=False, by=people.ids["Minh"])
    assert (changed.name, changed.enabled, changed.rule.channel, changed.rule.id) == ("", False, LAMP, made.id)
    assert (changed.created_ms, changed.changed_ms) == (START_MS, START_MS + 5000)
    assert (await schedules.enable(made.id, enabled=True, by=people.ids["Lan"])).enabled
    assert (await schedules.of_channel(DEVICE, PUMP))[0] == []
    assert [it.id for it in (await schedules.of_channel(DEVICE, LAMP))[0]] == [made.id]
    await schedules.delete(made.id, by=people.ids["Minh"])
    assert await schedules.of_device(DEVICE) == []


@pytest.mark.parametrize(("who", "answer"), [("Hoa", (403, "may_only_look")), ("Stranger", (404, "unknown_site"))])
async def test_who_may_not_switch_changes_no_schedule(schedules: Schedules, people: People, who: str, answer: object) -> None:
    made, by = await add(schedules, people, "Lan"), people.ids[who]
    assert await refused(add(schedules, people, who)) == answer
    assert await refused(schedules.replace(made.id, OTHER, name="", enabled=True, by=by)) == answer
    assert await refused(schedules.enable(made.id, enabled=False, by=by)) == answer
    assert await refused(schedules.delete(made.id, by=by)) == answer
    assert await schedules.of_device(DEVICE) == [made]


async def test_what_is_gone_cannot_be_changed(schedules: Schedules, people: People) -> None:
    made = await add(schedules, people, "Lan")
    await schedules.delete(made.id, by=people.ids["Lan"])
    for late in (
        schedules.replace(made.id, OTHER, name="", enabled=True, by=people.ids["Lan"]),
        schedules.enable(made.id, enabled=True, by=people.ids["Lan"]),
        schedules.delete(made.id, by=people.ids["Lan"]),
    ):
        assert await refused(late) == (404, "unknown_schedule")


async def test_a_device_has_so_many_and_no_more(schedules: Schedules, people: People) -> None:
    first = await add(schedules, people, "Lan")

    async def fill(session: AsyncSession) -> None:
        row = (await session.exec(select(Schedule))).one().model_dump(exclude={"id"})
        session.add_all(Schedule(id=f"f{number:015x}", **row) for number in range(MOST_RULES - 1))

    await people.database.writer.run(fill)
    assert await refused(add(schedules, people, "Lan")) == (409, "too_many_schedules")
    await schedules.delete(first.id, by=people.ids["Lan"])
    await add(schedules, people, "Lan")


async def test_a_schedule_outlives_whoever_made_it_and_forgets_them(schedules: Schedules, people: People) -> None:
    made = await add(schedules, people, "Minh")

    async def drop(session: AsyncSession) -> None:
        await session.exec(delete(User).where(col(User.id) == people.ids["Minh"]))

    await people.database.writer.run(drop)
    assert await schedules.find(made.id) == made
    async with people.database.read() as session:
        assert (await session.exec(select(Schedule.made_by))).one() is None


async def test_the_place_of_a_site_is_lang_son_until_somebody_says_otherwise(schedules: Schedules, people: People) -> None:
    assert (await schedules.where(people.site_id)).place == LANG_SON
    await people.sites.change(people.site_id, people.ids["Lan"], latitude=-33.9, longitude=151.2)
    assert await schedules.where(people.site_id) == Where("Asia/Ho_Chi_Minh", Place(latitude=-33.9, longitude=151.2))
    assert (await schedules.where(people.site_id)).zone.key == "Asia/Ho_Chi_Minh"


def kept(which, *, enabled: bool = True) -> ScheduleNow:
    return ScheduleNow(which.id, "s", DEVICE, "", which, enabled, 0, 0)


WHERE = Where("Asia/Ho_Chi_Minh", LANG_SON)
EN = words_in("en")


def test_what_happens_next_is_told_in_order() -> None:
    morning, evening = kept(weekly("06:00", for_s=60, number=1)), kept(weekly("18:00", on=False, number=2))
    told = what_next([morning, evening], WHERE, ms("2026-11-23 07:00"), EN)
    assert [(it.at_ms, it.on, it.for_s, it.sentence, it.schedule) for it in told] == [
        (ms("2026-11-23 18:00"), False, None, "Every day at 18:00: off", evening.id),
        (ms("2026-11-24 06:00"), True, 60, "Every day at 06:00: on for 1 min", morning.id),
        (ms("2026-11-24 18:00"), False, None, "Every day at 18:00: off", evening.id),
    ]


def test_what_is_not_enabled_or_is_over_does_not_happen() -> None:
    past = kept(rule(when={"kind": "once", "date": "2026-01-01", "at": "06:00"}))
    assert what_next([kept(weekly("06:00"), enabled=False), past], WHERE, ms("2026-11-23"), EN) == []


async def test_what_happens_next_is_read_for_one_channel(schedules: Schedules, people: People) -> None:
    await add(schedules, people, "Lan")
    await add(schedules, people, "Lan", OTHER)
    told = await next_of_channel(schedules, DEVICE, PUMP, ms("2026-11-23 07:00"), EN, most=1)
    assert [(it.at_ms, it.sentence) for it in told] == [(ms("2026-11-30 06:00"), "Monday at 06:00: on for 30 min")]
    assert await next_of_channel(schedules, DEVICE, "none", ms("2026-11-23"), EN) == []
