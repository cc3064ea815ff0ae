"""Identifiers sort by time, do not repeat, and look as their patterns say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.ids import COMMAND_ID_PATTERN, TOKEN_PATTERN, is_channel_id, new_command_id, new_device_id, new_token
from protocol.topics import DEVICE_ID_PATTERN, topic_base

times_ms = st.integers(0, 2**48 - 1)


@given(times_ms, times_ms)
def test_command_ids_sort_by_when_they_were_made(first_ms: int, then_ms: int):
    earlier, later = sorted((first_ms, then_ms))
    assert earlier == later or new_command_id(earlier) < new_command_id(later)


@given(times_ms)
def test_a_command_id_looks_like_one_and_tells_its_time(now_ms: int):
    command_id = new_command_id(now_ms)
    assert re.fullmatch(COMMAND_ID_PATTERN, command_id)
    assert int(command_id[:12], 16) == now_ms


def test_ids_do_not_repeat():
    for make in (new_device_id, new_token, lambda: new_command_id(0)):
        assert len({make() for _ in range(2_000)}) == 2_000


def test_ids_look_as_their_patterns_say():
    assert re.fullmatch(DEVICE_ID_PATTERN, new_device_id())
    assert re.fullmatch(TOKEN_PATTERN, new_token())
    assert topic_base(new_device_id())


@pytest.mark.parametrize("text", ["a", "0", "may-bom", "a" * 32, "a-" + "-" * 20 + "b"])
def test_a_channel_id_is_lowercase_with_inner_hyphens(text: str):
    assert is_channel_id(text)


@pytest.mark.parametrize("text", ["", "-", "a-", "-a", "A", "máy", "may bom", "a" * 33, "a\n", "a_b", "a/b", "a.b", "+"])
def test_nothing_else_is_a_channel_id(text: str):
    assert not is_channel_id(text)
