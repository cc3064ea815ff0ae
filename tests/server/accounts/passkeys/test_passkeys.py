"""The rules of passkeys, with an authenticator in software and the real library. Checklist 10."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from server.accounts import Principal
from server.accounts.passkeys.ceremony import PasskeyRefused, read_assertion
from server.accounts.passkeys.challenges import VALID_MS
from server.accounts.passkeys.models import Passkey, SpentChallenge
from server.accounts.passkeys.passkeys import MOST_A_PERSON, Passkeys
from server.accounts.passkeys.place import Place
from server.errors import Problem
from tests.server.accounts.passkeys.authenticator import PRESENT, VERIFIED, Authenticator
from tests.server.people import People, small_world

HERE = Place("localhost", "http://localhost:8000")


@dataclass
class World:
    people: People
    passkeys: Passkeys

    async def person(self, name: str) -> Principal:
        """That person with a new session."""
        found = await self.people.accounts.principal(await self.people.session_of(name))
        assert found is not None
        return found

    async def register(self, key: Authenticator, name: str = "Lan", called: str = "Điện thoại") -> Passkey:
        person = await self.person(name)
        return await self.passkeys.register(person, called, key.make(await self.passkeys.registration_options(person)))

    async def enter(self, key: Authenticator) -> str:
        """Who is in after signing in with that key."""
        token, _ = await self.passkeys.sign_in(key.show(await self.passkeys.sign_in_options()), "Chrome")
        found = await self.people.accounts.principal(token)
        assert found is not None
        return found.name


@asynccontextmanager
async def world(address: str) -> AsyncIterator[World]:
    async with small_world(address) as people:
        yield World(people, Passkeys(people.database, people.accounts, HERE, clock=people.clock))


async def test_who_made_a_passkey_comes_in_with_it_without_saying_who_they_are(address: str) -> None:
    async with world(address) as it:
        lan, minh = Authenticator(), Authenticator(credential_id=b"m" * 16)
        await it.register(lan, "Lan")
        await it.register(minh, "Minh")
        assert [await it.enter(key) for key in (minh, lan, lan)] == ["Minh", "Lan", "Lan"]


async def test_a_sign_in_with_a_passkey_is_a_proof_of_who_one_is(address: str) -> None:
    async with world(address) as it:
        key = Authenticator()
        await it.register(key)
        token, _ = await it.passkeys.sign_in(key.show(await it.passkeys.sign_in_options()), "")
        person = await it.people.accounts.principal(token)
        assert person is not None
        assert it.people.accounts.has_proved(person)


async def test_a_passkey_proves_anew_who_is_there(address: str) -> None:
    async with world(address) as it:
        key, token = Authenticator(), ""
        await it.register(key)
        token = await it.people.session_of("Lan")
        it.people.clock.turn(3600)
        person = await it.people.accounts.principal(token)
        assert person is not None
        assert not it.people.accounts.has_proved(person)
        await it.passkeys.prove(person, key.show(await it.passkeys.prove_options(person)))
        person = await it.people.accounts.principal(token)
        assert person is not None
        assert it.people.accounts.has_proved(person)


async def test_nobody_proves_with_another_person_s_passkey(address: str) -> None:
    async with world(address) as it:
        lan, minh = Authenticator(), Authenticator(credential_id=b"m" * 16)
        await it.register(lan, "Lan")
        await it.register(minh, "Minh")
        person = await it.person("Minh")
        with pytest.raises(PasskeyRefused):
            await it.passkeys.prove(person, lan.show(await it.passkeys.prove_options(person)))


async def test_a_challenge_is_answered_once(address: str) -> None:
    async with world(address) as it:
        key = Authenticator()
        await it.register(key)
        options = await it.passkeys.sign_in_options()
        await it.passkeys.sign_in(key.show(options), "")
        for answer in (key.show(options), key.show(options)):
            with pytest.raises(PasskeyRefused):
                await it.passkeys.sign_in(answer, "")


async def test_of_many_who_send_the_same_answer_at_once_one_gets_in(address: str) -> None:
    async with world(address) as it:
        key = Authenticator()
        await it.register(key)
        answer = key.show(await it.passkeys.sign_in_options())
        results = await asyncio.gather(*(it.passkeys.sign_in(answer, "") for _ in range(8)), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["PasskeyRefused"] * 7 + ["tuple"]


@pytest.mark.parametrize(("after_s", "works"), [(VALID_MS // 1000 - 1, True), (VALID_MS // 1000, False)])
async def test_a_challenge_runs_out(address: str, after_s: int, works: bool) -> None:
    async with world(address) as it:
        key = Authenticator()
        await it.register(key)
        answer = key.show(await it.passkeys.sign_in_options())
        it.people.clock.turn(after_s)
        if works:
            await it.passkeys.sign_in(answer, "")
        else:
            with pytest.raises(PasskeyRefused):
                await it.passkeys.sign_in(answer, "")


async def test_challenges_that_ran_out_are_not_kept(address: str) -> None:
    async with world(address) as it:
        key = Authenticator()
        await it.register(key)
        for _ in range(3):
            it.people.clock.turn(VALID_MS / 1000)
            await it.enter(key)
        async with it.people.database.read() as session:
            assert len((await session.exec(select(SpentChallenge))).all()) == 1


async def test_a_challenge_for_proving_lets_nobody_in_and_the_other_way_round(address: str) -> None:
    async with world(address) as it:
        key = Authenticator()
        await it.register(key)
        person = await it.person("Lan")
        with pytest.raises(PasskeyRefused):
            await it.passkeys.sign_in(key.show(await it.passkeys.prove_options(person)), "")
        with pytest.raises(PasskeyRefused):
            await it.passkeys.prove(person, key.show(await it.passkeys.sign_in_options()))


async def test_two_processes_on_one_database_know_each_other_s_challenges(address: str) -> None:
    async with world(address) as it:
        key = Authenticator()
        await it.register(key)
        other = Passkeys(it.people.database, it.people.accounts, HERE, clock=it.people.clock)
        await other.sign_in(key.show(await it.passkeys.sign_in_options()), "")


async def test_a_copy_is_noticed_by_its_count_and_from_then_on_neither_works(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with world(address) as it:
        key = Authenticator(count=7)
        made = await it.register(key)
        copy = key.copy()
        assert await it.enter(key) == "Lan"
        for doubtful in (copy, key):
            with pytest.raises(PasskeyRefused):
                await it.enter(doubtful)
        [kept] = await it.passkeys.of_person(made.user_id)
        assert kept.doubted_ms == it.people.clock()
        assert "there may be a copy" in caplog.text
        with pytest.raises(Problem, match="409 no_passkey"):
            await it.passkeys.prove_options(await it.person("Lan"))


async def test_an_authenticator_that_does_not_count_is_trusted(address: str) -> None:
    async with world(address) as it:
        key = Authenticator()
        await it.register(key)
        for _ in range(3):
            key.count = 0
            assert await it.enter(key) == "Lan"


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:8001"},
        {"host": "evil.example"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"flags": 0},
    ],
)
async def test_an_answer_from_elsewhere_or_without_its_person_is_refused(address: str, wrong: dict[str, Any]) -> None:
    async with world(address) as it:
        key = Authenticator()
        await it.register(key)
        bad = key.copy()
        for name, value in wrong.items():
            setattr(bad, name, value)
        with pytest.raises(PasskeyRefused):
            await it.enter(bad)
        with pytest.raises(PasskeyRefused):
            await it.register(Authenticator(credential_id=b"n" * 16, **wrong), "Minh")
        assert await it.enter(key) == "Lan"


async def test_an_answer_signed_by_another_key_is_refused(address: str) -> None:
    async with world(address) as it:
        await it.register(Authenticator())
        with pytest.raises(PasskeyRefused):
            await it.enter(Authenticator())


async def test_an_answer_that_names_another_person_is_refused(address: str) -> None:
    async with world(address) as it:
        key = Authenticator()
        await it.register(key)
        key.user_handle = it.people.ids["Minh"].encode()
        with pytest.raises(PasskeyRefused):
            await it.enter(key)


async def test_a_known_credential_is_made_no_second_time_by_anybody(address: str) -> None:
    async with world(address) as it:
        key = Authenticator()
        first = await it.register(key)
        options = await it.passkeys.registration_options(await it.person("Lan"))
        assert [known["id"] for known in options["excludeCredentials"]] == [first.credential_id]
        for name in ("Lan", "Minh"):
            with pytest.raises(Problem, match="409 passkey_known"):
                await it.register(Authenticator(), name)
        assert await it.enter(key) == "Lan"


async def test_a_registration_is_for_who_asked_for_it(address: str) -> None:
    async with world(address) as it:
        options = await it.passkeys.registration_options(await it.person("Lan"))
        with pytest.raises(PasskeyRefused):
            await it.passkeys.register(await it.person("Minh"), "x", Authenticator().make(options))


async def test_a_browser_is_asked_to_verify_its_person_and_to_keep_the_passkey(address: str) -> None:
    async with world(address) as it:
        made = await it.passkeys.registration_options(await it.person("Lan"))
        asked = await it.passkeys.sign_in_options()
    wanted = {"residentKey": "required", "requireResidentKey": True, "userVerification": "required"}
    assert made["authenticatorSelection"] == wanted
    assert (made["rp"]["id"], made["attestation"], made["timeout"]) == ("localhost", "none", VALID_MS)
    assert (asked["rpId"], asked["userVerification"], asked["allowCredentials"]) == ("localhost", "required", [])


async def test_a_removed_passkey_lets_nobody_in(address: str) -> None:
    async with world(address) as it:
        key = Authenticator()
        made = await it.register(key)
        answer = key.show(await it.passkeys.sign_in_options())
        await it.passkeys.remove(made.user_id, made.id)
        with pytest.raises(PasskeyRefused):
            await it.passkeys.sign_in(answer, "")
        assert await it.passkeys.of_person(made.user_id) == []


async def test_only_its_person_renames_or_removes_a_passkey(address: str) -> None:
    async with world(address) as it:
        made = await it.register(Authenticator())
        for change in (
            it.passkeys.rename(it.people.ids["Minh"], made.id, "x"),
            it.passkeys.remove(it.people.ids["Minh"], made.id),
        ):
            with pytest.raises(Problem, match="404 unknown_passkey"):
                await change
        await it.passkeys.rename(made.user_id, made.id, "Máy tính")
        assert [kept.name for kept in await it.passkeys.of_person(made.user_id)] == ["Máy tính"]


async def test_a_person_has_so_many_passkeys_and_no_more(address: str) -> None:
    async with world(address) as it:
        for number in range(MOST_A_PERSON):
            await it.register(Authenticator(credential_id=bytes([number]) * 16))
        with pytest.raises(Problem, match="409 too_many_passkeys"):
            await it.passkeys.registration_options(await it.person("Lan"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.binary(max_size=60).map(lambda raw: raw.hex()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "id": JSON,
        "rawId": JSON,
        "type": st.just("public-key") | JSON,
        "response": st.dictionaries(
            st.sampled_from(["clientDataJSON", "authenticatorData", "signature", "userHandle", "attestationObject"]),
            JSON | st.sampled_from(["e30", "eyJ0eXBlIjoxLCJjaGFsbGVuZ2UiOjEsIm9yaWdpbiI6MX0", "_", "==", "bnVsbA"]),
        ),
    },
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(ANSWERS | st.dictionaries(st.text(max_size=5), JSON))
def test_whatever_a_stranger_sends_is_refused_and_breaks_nothing(answer: dict[str, Any]) -> None:
    """Checklist 25."""
    try:
        told = read_assertion(answer)
    except PasskeyRefused:
        return
    assert (type(told.credential_id), type(told.challenge)) == (str, bytes)
