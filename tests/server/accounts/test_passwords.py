"""A login name and a password, as a way in and as a proof."""

import asyncio
import unicodedata

import pytest
from sqlmodel import select

from server.accounts.hashing import Hasher
from server.accounts.models import FamiliarPlace, Password
from server.accounts.passwords import FAMILIAR_MS, PasswordRefused, Passwords, WrongPassword, login_of
from server.accounts.throttle import ADDRESS, Throttled
from tests.server.people import PROOF_S, People, small_world

GOOD = "ba con vịt lội ao sen"
OTHER = "sáng nay trời mưa to"
HOME, AWAY = "203.0.113.5", "198.51.100.9"


async def tried(people: People, login: str, password: str, address: str = HOME) -> str:
    """What came of a try: who got in, `wrong`, or how long to wait."""
    try:
        token = await people.passwords.sign_in(login, password, address)
    except WrongPassword:
        return "wrong"
    except Throttled as slowed:
        return f"{slowed.after_s} s"
    return (await people.asking(token)).name


async def test_who_knows_login_name_and_password_gets_in(address: str) -> None:
    async with small_world(address) as people:
        await people.give_password("Lan", "Lan.Nguyễn", GOOD)
        apart = unicodedata.normalize("NFD", GOOD)
        assert [await tried(people, login, GOOD) for login in ("lan.nguyễn", "LAN.NGUYỄN", " lan.nguyễn ")] == ["Lan"] * 3
        assert await tried(people, "lan.nguyễn", apart) == "Lan"


async def test_who_knows_only_one_of_them_is_told_the_same(address: str) -> None:
    """Checklist 9."""
    async with small_world(address) as people:
        await people.give_password("Lan", "lan", GOOD)
        tries = [("lan", OTHER), ("lan", ""), ("minh", GOOD), ("", GOOD), ("lan nguyen", GOOD), ("lan", GOOD + "x" * 300)]
        assert {await tried(people, *each) for each in tries} == {"wrong"}


class Watched(Hasher):
    """Notes the cost of each verification: algorithm, version, parameters, and the lengths of salt and digest."""

    def __init__(self) -> None:
        super().__init__()
        self.costs: list[tuple[str, str, str, int, int]] = []

    async def verify(self, kept: str, password: str) -> bool:
        _, algorithm, version, parameters, salt, digest = kept.split("$")
        self.costs.append((algorithm, version, parameters, len(salt), len(digest)))
        return await super().verify(kept, password)


async def test_an_unknown_login_name_takes_as_much_work_as_a_known_one(address: str) -> None:
    """Checklist 9."""
    async with small_world(address) as people:
        hasher = Watched()
        people.passwords = Passwords(people.database, people.accounts, people.throttle, hasher=hasher, clock=people.clock)
        await people.give_password("Lan", "lan", GOOD)
        for login in ("lan", "nobody", "", "no such name, nor can it be one"):
            assert await tried(people, login, OTHER) == "wrong"
        assert hasher.costs == [("argon2id", "v=19", "m=32768,t=3,p=1", 22, 43)] * 4


async def test_an_unknown_login_name_is_slowed_down_like_a_known_one(address: str) -> None:
    """Checklist 9."""
    async with small_world(address) as people:
        await people.give_password("Lan", "lan", GOOD)
        answers = {login: [await tried(people, login, OTHER) for _ in range(7)] for login in ("lan", "nobody")}
        assert answers["lan"] == answers["nobody"] == ["wrong"] * 6 + ["2 s"]


async def test_the_right_password_must_wait_too_and_then_clears_the_count(address: str) -> None:
    """Checklist 9."""
    async with small_world(address) as people:
        await people.give_password("Lan", "lan", GOOD)
        for _ in range(6):
            await tried(people, "lan", OTHER)
        assert await tried(people, "lan", GOOD) == "2 s"
        people.clock.turn(2)
        assert await tried(people, "lan", GOOD) == "Lan"
        assert [await tried(people, "lan", OTHER) for _ in range(6)] == ["wrong"] * 6


async def test_one_address_is_slowed_down_whoever_it_tries_to_be(address: str) -> None:
    """Checklist 9."""
    async with small_world(address) as people:
        await people.give_password("Lan", "lan", GOOD)
        answers = [await tried(people, f"person-{number}", OTHER, AWAY) for number in range(ADDRESS.free + 2)]
        assert answers == ["wrong"] * (ADDRESS.free + 1) + ["2 s"]
        assert await tried(people, "lan", GOOD, AWAY) == "2 s"
        assert await tried(people, "lan", GOOD, HOME) == "Lan"


async def test_a_home_s_whole_ipv6_network_is_one_address(address: str) -> None:
    async with small_world(address) as people:
        answers = [await tried(people, f"p-{n}", OTHER, f"2001:db8:1:2:{n:x}::1") for n in range(ADDRESS.free + 2)]
        assert answers[-1] == "2 s"
        assert await tried(people, "p", OTHER, "2001:db8:1:3::1") == "wrong"


async def test_a_stranger_cannot_lock_somebody_out_from_where_they_usually_come(address: str) -> None:
    """Checklist 9."""
    async with small_world(address) as people:
        await people.give_password("Lan", "lan", GOOD)
        assert await tried(people, "lan", GOOD, HOME) == "Lan"
        for number in range(60):
            await tried(people, "lan", OTHER, f"198.51.100.{number}")
        assert await tried(people, "lan", GOOD, "192.0.2.77") == "2 s"
        assert await tried(people, "lan", GOOD, HOME) == "Lan"


async def test_a_place_where_somebody_was_not_seen_for_long_is_a_strange_one_again(address: str) -> None:
    async with small_world(address) as people:
        await people.give_password("Lan", "lan", GOOD)
        await tried(people, "lan", GOOD, HOME)
        people.clock.turn(FAMILIAR_MS / 1000)
        for number in range(60):
            await tried(people, "lan", OTHER, f"198.51.100.{number}")
        assert await tried(people, "lan", GOOD, HOME) == "2 s"
        people.clock.turn(2)
        assert await tried(people, "lan", GOOD, AWAY) == "Lan"
        async with people.database.read() as session:
            assert list(await session.exec(select(FamiliarPlace.seen_ms))) == [people.clock()]


async def test_somebody_at_a_usual_place_is_slowed_down_as_well(address: str) -> None:
    async with small_world(address) as people:
        await people.give_password("Lan", "lan", GOOD)
        await tried(people, "lan", GOOD, HOME)
        assert [await tried(people, "lan", OTHER, HOME) for _ in range(7)] == ["wrong"] * 6 + ["2 s"]


async def test_many_tries_at_once_are_slowed_down_like_one_after_the_other(address: str) -> None:
    async with small_world(address) as people:
        await people.give_password("Lan", "lan", GOOD)
        answers = await asyncio.gather(*(tried(people, "lan", OTHER) for _ in range(20)))
        assert sorted(answers) == ["2 s"] * 14 + ["wrong"] * 6


async def test_a_password_hashed_with_other_parameters_is_hashed_anew_at_sign_in(address: str) -> None:
    """Checklist 8."""
    async with small_world(address) as people:
        await people.give_password("Lan", "lan", GOOD)
        stronger = Passwords(
            people.database, people.accounts, people.throttle, hasher=Hasher(memory_kib=16, passes=2), clock=people.clock
        )
        await stronger.sign_in("lan", GOOD, HOME)
        async with people.database.read() as session:
            kept = (await session.exec(select(Password.hashed))).one()
        assert kept.startswith("$argon2id$v=19$m=16,t=2,p=1$")
        assert await tried(people, "lan", GOOD) == "Lan"


async def test_changing_a_password_ends_all_other_sessions_and_the_old_password(address: str) -> None:
    """Checklist 11."""
    async with small_world(address) as people:
        phone = await people.give_password("Lan", "lan", GOOD)
        laptop = await people.passwords.sign_in("lan", GOOD, HOME)
        minh = await people.session_of("Minh")
        await people.passwords.set(await people.asking(phone), "lan", OTHER)
        alive = [await people.accounts.principal(token) is not None for token in (phone, laptop, minh)]
        assert alive == [True, False, True]
        assert [await tried(people, "lan", password) for password in (GOOD, OTHER)] == ["wrong", "Lan"]


async def test_a_removed_password_lets_nobody_in(address: str) -> None:
    async with small_world(address) as people:
        token = await people.give_password("Lan", "lan", GOOD)
        await people.passwords.remove(await people.asking(token))
        assert await tried(people, "lan", GOOD) == "wrong"
        assert await people.passwords.login_name(people.ids["Lan"]) is None


@pytest.mark.parametrize(
    ("login", "password", "why"),
    [
        ("a", GOOD, "login"),
        ("hai chữ", GOOD, "login"),
        ("x" * 41, GOOD, "login"),
        ("lan\n", "ngắn", "short"),
        ("<script>", GOOD, "login"),
        ("MINH", GOOD, "taken"),
        ("lan", "123456789012", "common"),
        ("lan", "Vườn ươm 123", "common"),
        ("lan", "x" * 257, "long"),
    ],
)
async def test_what_will_not_do_is_refused_and_changes_nothing(address: str, login: str, password: str, why: str) -> None:
    """Checklist 8."""
    async with small_world(address) as people:
        await people.give_password("Minh", "minh", OTHER)
        token = await people.give_password("Lan", "lan", GOOD)
        with pytest.raises(PasswordRefused) as refused:
            await people.passwords.set(await people.asking(token), login, password)
        assert refused.value.why == why
        assert await tried(people, "lan", GOOD) == "Lan"


async def test_of_two_who_want_one_login_name_at_once_one_gets_it(address: str) -> None:
    async with small_world(address) as people:
        both = [await people.asking(await people.session_of(name)) for name in ("Lan", "Minh")]
        results = await asyncio.gather(*(people.passwords.set(who, "lan", GOOD) for who in both), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["NoneType", "PasswordRefused"]


async def test_a_password_proves_who_somebody_is(address: str) -> None:
    """Checklist 15."""
    async with small_world(address) as people:
        token = await people.give_password("Lan", "lan", GOOD)
        people.clock.turn(PROOF_S)
        with pytest.raises(WrongPassword):
            await people.passwords.prove(await people.asking(token), OTHER, HOME)
        assert not people.accounts.has_proved(await people.asking(token))
        await people.passwords.prove(await people.asking(token), GOOD, HOME)
        assert people.accounts.has_proved(await people.asking(token))


async def test_proving_is_slowed_down_like_signing_in(address: str) -> None:
    async with small_world(address) as people:
        lan = await people.asking(await people.give_password("Lan", "lan", GOOD))
        for _ in range(6):
            with pytest.raises(WrongPassword):
                await people.passwords.prove(lan, OTHER, HOME)
        with pytest.raises(Throttled):
            await people.passwords.prove(lan, GOOD, HOME)


async def test_who_has_no_password_proves_nothing_with_one(address: str) -> None:
    async with small_world(address) as people:
        lan = await people.asking(await people.session_of("Lan"))
        with pytest.raises(WrongPassword):
            await people.passwords.prove(lan, "", HOME)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Lan", "lan"),
        ("  lan@example.org ", "lan@example.org"),
        ("NGUYỄN", "nguyễn"),
        (unicodedata.normalize("NFD", "nguyễn"), "nguyễn"),
        ("STRASSE", "strasse"),
        ("a b", None),
        ("", None),
        ("a", None),
        ("lan\x00", None),
        ("lan\u200b", None),
    ],
)
def test_a_login_name_has_one_form(typed: str, kept: str | None) -> None:
    assert login_of(typed) == kept
