"""Codes: one device each, for a quarter of an hour, and what is kept of them opens nothing."""

import pytest
from sqlmodel import select

from broker_config import Credentials
from server.broker.accounts import BrokerAccounts
from server.devices.codes import ALPHABET, hash_of, new_code, plain_code
from server.devices.enrolment import MOST_OPEN, VALID_MS, Enrolments
from server.devices.models import Device, Enrolment
from server.devices.revoking import RevokedElsewhere, revoke
from server.errors import Problem
from server.opening import StartError
from server.settings import Settings
from tests.server.people import small_world

KEY, OTHER = "k" * 43, "o" * 43
BY = "user:lan"


@pytest.fixture
async def world(tmp_path):
    async with small_world(f"sqlite+aiosqlite:///{tmp_path}/congtac.db") as people:
        yield people


@pytest.fixture
def accounts(tmp_path):
    return BrokerAccounts(Settings(data_dir=tmp_path, broker_credentials_file=tmp_path / "passwords"))


@pytest.fixture
def enrolments(world, accounts):
    return Enrolments(world.database, accounts, world.clock)


async def rows(world, table):
    async with world.database.read() as session:
        return list(await session.exec(select(table)))


async def refused(work) -> tuple[int, str]:
    with pytest.raises(Problem) as problem:
        await work
    return problem.value.status, problem.value.code


async def test_a_code_makes_one_device_with_one_account(world, enrolments, tmp_path):
    """Checklist 1."""
    offer = await enrolments.offer(world.site_id, "Máy bơm", BY)
    assert await rows(world, Device) == []
    made = await enrolments.redeem(offer.code, KEY)
    assert (made.device.id, made.device.name, made.device.slug, made.is_new) == (offer.device_id, "Máy bơm", "may-bom", True)
    assert await refused(enrolments.redeem(offer.code, OTHER)) == (410, "code_used")
    [row] = await rows(world, Device)
    assert (row.id, row.site_id, row.created_ms) == (offer.device_id, world.site_id, world.clock())
    assert Credentials(tmp_path / "passwords").users() == {offer.device_id}


async def test_the_same_agent_may_ask_again_and_only_its_last_secret_holds(world, enrolments, tmp_path):
    offer = await enrolments.offer(world.site_id, "Máy bơm", BY)
    first = await enrolments.redeem(offer.code, KEY)
    kept = (tmp_path / "passwords").read_text()
    again = await enrolments.redeem(offer.code, KEY)
    assert (again.device.id, again.is_new) == (first.device.id, False)
    assert again.secret != first.secret
    assert (tmp_path / "passwords").read_text() != kept
    assert len(await rows(world, Device)) == 1


@pytest.mark.parametrize(("after_ms", "comes_in"), [(VALID_MS - 1, True), (VALID_MS, False)])
async def test_a_code_works_for_a_quarter_of_an_hour_also_for_who_asks_again(world, enrolments, after_ms, comes_in):
    """Checklist 1."""
    used = await enrolments.offer(world.site_id, "Máy bơm", BY)
    unused = await enrolments.offer(world.site_id, "Đèn", BY)
    await enrolments.redeem(used.code, KEY)
    world.clock.ms += after_ms
    for code in (used.code, unused.code):
        if comes_in:
            assert await enrolments.redeem(code, KEY)
        else:
            assert await refused(enrolments.redeem(code, KEY)) == (410, "code_expired")


async def test_a_new_code_for_a_device_ends_the_one_before(world, enrolments):
    offer = await enrolments.offer(world.site_id, "Máy bơm", BY)
    await enrolments.redeem(offer.code, KEY)
    first, second = [await enrolments.offer(world.site_id, "Máy bơm", BY, offer.device_id) for _ in range(2)]
    assert await refused(enrolments.redeem(first.code, OTHER)) == (404, "unknown_code")
    assert await refused(enrolments.redeem(offer.code, KEY)) == (404, "unknown_code")
    assert (await enrolments.redeem(second.code, OTHER)).device.id == offer.device_id
    assert len(await rows(world, Device)) == 1


async def test_a_revoked_device_gets_no_account_by_any_code(world, enrolments, accounts, tmp_path):
    """Checklist 2."""
    offer = await enrolments.offer(world.site_id, "Máy bơm", BY)
    await enrolments.redeem(offer.code, KEY)
    late = await enrolments.offer(world.site_id, "Máy bơm", BY, offer.device_id)
    since_ms, told = await revoke(world.database, accounts, offer.device_id, world.clock())
    assert (since_ms, told) == (world.clock(), False)
    for code in (offer.code, late.code):
        assert await refused(enrolments.redeem(code, KEY)) == (404, "unknown_code")
    sneaked = await enrolments.offer(world.site_id, "Máy bơm", BY, offer.device_id)
    assert await refused(enrolments.redeem(sneaked.code, KEY)) == (410, "device_revoked")
    assert Credentials(tmp_path / "passwords").users() == frozenset()


async def test_revoking_twice_keeps_the_first_time(world, enrolments, accounts):
    offer = await enrolments.offer(world.site_id, "Máy bơm", BY)
    await enrolments.redeem(offer.code, KEY)
    first, _ = await revoke(world.database, accounts, offer.device_id, world.clock())
    world.clock.turn(60)
    assert await revoke(world.database, accounts, offer.device_id, world.clock()) == (first, False)


async def test_what_another_process_revoked_is_noticed(world, enrolments, accounts):
    seen = []
    elsewhere = RevokedElsewhere(world.database, world.clock, lambda device_id, since_ms: seen.append((device_id, since_ms)))
    offer = await enrolments.offer(world.site_id, "Máy bơm", BY)
    await enrolments.redeem(offer.code, KEY)
    await elsewhere.look()
    assert seen == []
    world.clock.turn(3)
    await revoke(world.database, accounts, offer.device_id, world.clock())
    await elsewhere.look()
    assert seen == [(offer.device_id, world.clock())]


async def test_no_code_and_no_key_is_kept(world, enrolments, tmp_path):
    """Checklist 31."""
    offer = await enrolments.offer(world.site_id, "Máy bơm", BY)
    made = await enrolments.redeem(offer.code, KEY)
    plain = plain_code(offer.code)
    [row] = await rows(world, Enrolment)
    assert (row.code_hash, row.key_hash) == (hash_of(plain), hash_of(KEY))
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [secret for secret in (offer.code, plain, KEY, made.secret) if secret.encode() in files] == []


async def test_a_site_has_only_so_many_unused_codes(world, enrolments):
    for _ in range(MOST_OPEN):
        await enrolments.offer(world.site_id, "Máy bơm", BY)
    assert await refused(enrolments.offer(world.site_id, "Máy bơm", BY)) == (429, "too_many")
    world.clock.ms += 2 * VALID_MS
    assert await enrolments.offer(world.site_id, "Máy bơm", BY)


@pytest.mark.parametrize("content", [None, "root:x\n"])
async def test_while_the_brokers_accounts_cannot_be_written_no_code_is_used_up(world, tmp_path, content):
    path = tmp_path / "passwords"
    good = Enrolments(world.database, BrokerAccounts(Settings(broker_credentials_file=path)), world.clock)
    offer = await good.offer(world.site_id, "Máy bơm", BY)
    if content is None:
        broken = Enrolments(world.database, BrokerAccounts(Settings()), world.clock)
    else:
        broken = good
        path.write_text(content)
    with pytest.raises(StartError):
        await broken.redeem(offer.code, KEY)
    path.unlink(missing_ok=True)
    assert (await good.redeem(offer.code, KEY)).device.id == offer.device_id


def test_codes_are_plain_and_different():
    codes = {new_code() for _ in range(1_000)}
    assert len(codes) == 1_000
    assert all(len(code) == 11 and code[5] == "-" and set(code) <= {*ALPHABET, "-"} for code in codes)
    assert not {*"0O1ILU"} & {*ALPHABET}


@pytest.mark.parametrize("typed", ["abcde-fghjk", "ABCDE FGHJK", " abcdefghjk\n", "a b c d e f g h j k"])
def test_a_code_may_be_typed_as_people_type(typed):
    assert plain_code(typed) == "ABCDEFGHJK"


@pytest.mark.parametrize("typed", ["", "ABCDEFGHJ", "ABCDEFGHJKM", "ABCDE_FGHJK", "0BCDEFGHJK", "ABCDEFGHJÉ", "ＡBCDEFGHJK"])
def test_what_cannot_be_a_code_is_none(typed):
    assert plain_code(typed) is None
