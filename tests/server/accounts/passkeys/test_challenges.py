"""A challenge is good for one purpose, for one person, for five minutes, and only where it was made. (Once: see test_passkeys.)"""

import pytest

from server.accounts.passkeys.challenges import VALID_MS, Challenges, Purpose

NOW = 1_790_000_000_000
KEY = bytes(range(32))


def made(purpose: Purpose = Purpose.PROVE, subject: str = "lan") -> bytes:
    return Challenges(KEY).make(purpose, subject, NOW)


def test_a_challenge_is_known_again_until_it_runs_out() -> None:
    known = [Challenges(KEY).expiry(made(), Purpose.PROVE, "lan", NOW + after) for after in (0, VALID_MS - 1, VALID_MS)]
    assert known == [NOW + VALID_MS, NOW + VALID_MS, None]


@pytest.mark.parametrize(("purpose", "subject"), [(Purpose.REGISTER, "lan"), (Purpose.SIGN_IN, ""), (Purpose.PROVE, "minh")])
def test_a_challenge_is_good_for_nothing_and_nobody_else(purpose: Purpose, subject: str) -> None:
    assert Challenges(KEY).expiry(made(), purpose, subject, NOW) is None


def test_another_server_s_challenge_is_not_ours() -> None:
    assert Challenges(bytes(32)).expiry(made(), Purpose.PROVE, "lan", NOW) is None


@pytest.mark.parametrize("place", [0, 15, 16, 23, 24, 55])
def test_a_challenge_that_was_altered_is_none(place: int) -> None:
    altered = bytearray(made())
    altered[place] ^= 1
    assert Challenges(KEY).expiry(bytes(altered), Purpose.PROVE, "lan", NOW) is None


@pytest.mark.parametrize("length", [0, 1, 31, 32, 55])
def test_a_part_of_a_challenge_is_none(length: int) -> None:
    assert Challenges(KEY).expiry(made()[:length], Purpose.PROVE, "lan", NOW) is None


def test_no_two_challenges_are_the_same() -> None:
    assert len({made() for _ in range(1000)}) == 1000
