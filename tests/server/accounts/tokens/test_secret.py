"""How a token looks, so that people, programs and scanners know one when they see it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.accounts.tokens.secret import BITS, may_be_real, new_token, token_of

NUMBERS = st.integers(min_value=0, max_value=2**BITS - 1)


@given(NUMBERS)
def test_every_token_looks_as_scanners_expect_it(number: int) -> None:
    token = token_of(number)
    assert re.fullmatch(r"congtac_[0-9A-Za-z]{49}", token)
    assert may_be_real(token)


@given(NUMBERS, NUMBERS)
def test_all_256_bits_are_in_a_token(one: int, other: int) -> None:
    assert (token_of(one) == token_of(other)) is (one == other)


def test_tokens_are_not_made_twice() -> None:
    assert len({new_token() for _ in range(1000)}) == 1000


@given(NUMBERS, st.integers(min_value=8, max_value=56), st.sampled_from("0Az_-"))
def test_a_token_with_a_typing_error_is_known_as_such(number: int, place: int, letter: str) -> None:
    token = token_of(number)
    typed = token[:place] + letter + token[place + 1 :]
    assert may_be_real(typed) is (typed == token)


@pytest.mark.parametrize(
    "text", ["", "congtac_", "congtac_" + "a" * 49, "x" + token_of(1), token_of(1) + "\n", "é" * 57, token_of(1)[:-1]]
)
def test_what_is_no_token_is_not_looked_up(text: str) -> None:
    assert not may_be_real(text)
