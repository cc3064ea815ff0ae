"""The table of topics: what is a name of ours, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import topics
from protocol.errors import ProtocolError
from protocol.topics import Topic

DEVICE = "0123456789abcdef"
device_ids = st.text("0123456789abcdef", min_size=16, max_size=16)


@given(device_ids, st.sampled_from(Topic))
def test_every_topic_of_every_device_is_read_as_what_it_was_made_from(device_id: str, topic: Topic):
    assert topics.parse(topic.of(device_id)) == (device_id, topic)


@given(device_ids)
def test_a_device_belongs_to_the_partition_of_its_last_digit_and_its_topics_say_so(device_id: str):
    assert topics.partition(device_id) in topics.PARTITIONS
    assert topics.topic_base(device_id).split("/") == ["congtac", "1", device_id[-1], device_id]


STRANGERS = [
    "",
    "/",
    "up/event",
    "congtac/1/f/0123456789abcdef",
    "congtac/1/f/0123456789abcdef/",
    "congtac/1/f/0123456789abcdef/up",
    "congtac/1/f/0123456789abcdef/up/",
    "congtac/1/f/0123456789abcdef/up/unheard",
    "congtac/1/f/0123456789abcdef/up/event/",
    "congtac/1/f/0123456789abcdef/up/event/more",
    "congtac/1/f/0123456789abcdef/up/up/event",
    "congtac/1/f/0123456789abcdef//up/event",
    "congtac/1/f/0123456789abcdef/down/event",
    "congtac/1/f/0123456789abcdef/up/command",
    "congtac/1/e/0123456789abcdef/up/event",
    "congtac/2/f/0123456789abcdef/up/event",
    "CONGTAC/1/f/0123456789abcdef/up/event",
    "x/congtac/1/f/0123456789abcdef/up/event",
    "/congtac/1/f/0123456789abcdef/up/event",
    "congtac/1/F/0123456789ABCDEF/up/event",
    "congtac/1/f/0123456789abcde/up/event",
    "congtac/1/f/+/up/event",
    "congtac/1/f/0123456789abcdef/up/#",
    "congtac/1/\n/0123456789abcdef\n/up/event",
    "congtac/1/f/0123456789abcdef/up/event\n",
    "congtac/1/f/0123456789abcdef\x00/up/event",
    "homeassistant/status",
]


@pytest.mark.parametrize("topic", STRANGERS)
def test_a_topic_of_another_protocol_is_refused(topic: str):
    with pytest.raises(ProtocolError) as refused:
        topics.parse(topic)
    assert refused.value.reason == "bad_topic"


@given(st.one_of(st.text(), st.lists(st.sampled_from([*"01fx+#\n/", "congtac", DEVICE, "up", "down", "event"])).map("/".join)))
def test_whatever_a_topic_looks_like_it_is_ours_exactly_or_refused(topic: str):
    try:
        device_id, found = topics.parse(topic)
    except ProtocolError as refused:
        assert refused.reason == "bad_topic"  # noqa: PT017 (either is right)
    else:
        assert found.of(device_id) == topic


@pytest.mark.parametrize(
    "device_id", ["", "+", "#", "0123456789ABCDEF", DEVICE + "0", DEVICE + "\n", " " + DEVICE, DEVICE[:-1] + "/"]
)
def test_no_topic_is_made_for_what_is_no_device_id(device_id: str):
    with pytest.raises(ProtocolError):
        Topic.EVENT.of(device_id)


def test_a_long_stranger_is_not_told_whole():
    with pytest.raises(ProtocolError) as refused:
        topics.parse("x" * 60_000)
    assert len(str(refused.value)) < 400


def matches(pattern: str, topic: str) -> bool:
    """MQTT's own rule (3.1.1, section 4.7)."""
    want, have = pattern.split("/"), topic.split("/")
    if want[-1] == "#":
        want, have = want[:-1], have[: len(want) - 1]
    return len(want) == len(have) and all(left in ("+", right) for left, right in zip(want, have, strict=True))


@given(device_ids, st.sampled_from(Topic))
def test_the_server_hears_all_that_goes_up_and_a_device_all_that_comes_down_to_it(device_id: str, topic: Topic):
    goes_up = topic.path.startswith("up/")
    assert matches(topics.everything_up(), topic.of(device_id)) is goes_up
    assert matches(topics.everything_up(topics.partition(device_id)), topic.of(device_id)) is goes_up
    assert matches(topics.everything_down(device_id), topic.of(device_id)) is not goes_up


def test_a_device_hears_nothing_of_another():
    assert not any(matches(topics.everything_down(DEVICE), topic.of("fedcba9876543210")) for topic in Topic)
