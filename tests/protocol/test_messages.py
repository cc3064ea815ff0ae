"""What may stand in a message, and how what may not is refused."""

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import decode, encode
from protocol.errors import ProtocolError
from protocol.messages import MESSAGES, ChannelAbout, ChannelState, Event, Measurement, Message, State
from protocol.schedules.rules import Rule
from protocol.topics import Topic
from tests.protocol.samples import LARGEST, USUAL

KINDS = list(MESSAGES.values())
each_usual = pytest.mark.parametrize("message", USUAL, ids=lambda message: type(message).__name__)
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def refusal(kind: type[Message], payload: bytes) -> ProtocolError:
    with pytest.raises(ProtocolError) as refused:
        decode(kind, payload)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 400
    return refused.value


def altered(message: Message, **fields: Any) -> bytes:
    return json.dumps(json.loads(encode(message)) | fields).encode()


def test_every_topic_has_its_message_and_every_message_is_sampled_here():
    assert list(MESSAGES) == list(Topic)
    assert [type(message) for message in USUAL] == KINDS
    assert [type(message) for message in LARGEST] == KINDS


@pytest.mark.parametrize("message", [*USUAL, *LARGEST], ids=lambda message: type(message).__name__)
def test_a_message_is_read_as_it_was_written(message: Message):
    assert decode(type(message), encode(message)) == message


def test_what_may_be_unknown_may_be_absent():
    """Absent values are left out on the wire, so a field that may be None must not be required."""
    parts = [*KINDS, ChannelAbout, ChannelState, Measurement, Rule]
    wrong = [
        f"{part.__name__}.{name}"
        for part in parts
        for name, field in part.model_fields.items()
        if field.is_required() and type(None) in get_args(field.annotation)
    ]
    assert wrong == []


@pytest.mark.parametrize("message", LARGEST, ids=lambda message: type(message).__name__)
def test_whatever_an_honest_party_can_say_fits_its_topics_limit(message: Message):
    assert len(encode(message)) <= message.TOPIC.limit_bytes


@each_usual
def test_a_field_of_a_later_program_is_ignored(message: Message):
    assert decode(type(message), altered(message, unheard_of={"deep": [1, None]})) == message


@each_usual
@pytest.mark.parametrize("version", [0, 2, "1", None, True, 1.5])
def test_an_unknown_version_is_refused_and_named(message: Message, version: object):
    refused = refusal(type(message), altered(message, v=version))
    assert refused.reason == "not_valid"
    assert ": v: " in refused.detail


@each_usual
def test_a_missing_field_is_refused_and_named(message: Message):
    required = [name for name, field in type(message).model_fields.items() if field.is_required()]
    for name in required:
        fields = {key: value for key, value in json.loads(encode(message)).items() if key != name}
        refused = refusal(type(message), json.dumps(fields).encode())
        assert refused.reason == "not_valid"
        assert f": {name}: " in refused.detail


@each_usual
def test_a_field_of_another_type_is_refused_and_named(message: Message):
    said = json.loads(encode(message))
    told = [name for name in said if isinstance(said[name], str | int | float | bool)]
    for name in told:
        strangers = [value for value in ([], {}, 0.5, "\x00", 10**400) if type(value) is not type(said[name])]
        for value in strangers:
            assert f": {name}: " in refusal(type(message), altered(message, **{name: value})).detail or name == "version"


@each_usual
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(message: Message, number: str):
    said = json.loads(encode(message))
    for name in said:
        text = encode(message).replace(
            f'"{name}":{json.dumps(said[name], ensure_ascii=False, separators=(",", ":"))}'.encode(),
            f'"{name}":{number}'.encode(),
        )
        assert text != encode(message)
        refusal(type(message), text)


def test_a_measurement_that_is_no_number_is_refused():
    for value in ("NaN", "Infinity", "1e999", '"26.5"', "true", "null"):
        payload = f'{{"v":1,"values":[{{"channel":"a","at_ms":1,"value":{value},"unit":"C"}}]}}'
        assert "values.0.value" in refusal(MESSAGES[Topic.READING], payload.encode()).detail


@pytest.mark.parametrize("value", ["NaN", '{"a":[{"b":-Infinity}]}'])
def test_a_schedule_with_a_number_that_is_none_is_refused(value: str):
    config = next(message for message in USUAL if message.TOPIC is Topic.CONFIG)
    payload = encode(config).replace(b'"05:30"', value.encode())
    assert ": schedules.0.when.weekly.at: " in refusal(type(config), payload).detail


def test_a_rule_that_is_half_understood_is_refused_with_the_whole_configuration():
    config = next(message for message in USUAL if message.TOPIC is Topic.CONFIG)
    payload = encode(config).replace(b'"kind":"weekly"', b'"kind":"weekly","not_on":"2026-12-25"')
    assert ": schedules.0.when.weekly.not_on: " in refusal(type(config), payload).detail


@each_usual
def test_a_text_with_a_control_character_is_refused(message: Message):
    for path, text in texts(json.loads(encode(message))):
        for hidden in ("\x00", "\n", "\x1b[2J", "\x85"):
            refusal(type(message), json.dumps(with_value(json.loads(encode(message)), path, text + hidden)).encode())


def texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Every text in a message that is typed, with the way to it."""
    match value:
        case str():
            yield path, value
        case dict():
            for key in value:
                yield from texts(value[key], (*path, key))
        case list():
            for index, each in enumerate(value):
                yield from texts(each, (*path, index))


def with_value(document: Any, path: tuple[Any, ...], value: str) -> Any:
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return document


@each_kind
def test_what_is_too_large_is_refused_unread(kind: type[Message]):
    refused = refusal(kind, b"{" * (kind.TOPIC.limit_bytes + 1))
    assert refused.reason == "too_large"
    assert str(kind.TOPIC.limit_bytes) in refused.detail


@each_kind
@pytest.mark.parametrize("payload", [b"", b" ", b"{", b"nil", b"\xff\xfe", b'{"v":"\xc3"}', b'{"v":1}x', b"\x00", b"{'v':1}"])
def test_what_is_not_json_is_refused(kind: type[Message], payload: bytes):
    assert refusal(kind, payload).reason == "not_json"


@each_kind
@pytest.mark.parametrize("payload", [b"null", b"1", b'"x"', b"[]", b"true", b'[{"v":1}]'])
def test_json_that_is_no_object_is_refused(kind: type[Message], payload: bytes):
    refused = refusal(kind, payload)
    assert refused.reason == "not_valid"
    assert "the payload" in refused.detail


@each_kind
@pytest.mark.parametrize("opening", [b"[", b'{"v":', b'{"unheard_of":['])
def test_deep_nesting_is_refused(kind: type[Message], opening: bytes):
    depth = kind.TOPIC.limit_bytes // len(opening)
    assert refusal(kind, opening * depth).reason == "not_json"


def test_a_fault_below_a_hostile_key_is_told_in_a_short_printable_line():
    key = "\n\x1b[2J" + "k" * 5_000
    state = next(message for message in USUAL if isinstance(message, State))
    assert "\\n" in refusal(State, altered(state, channels={key: {"on": 1}})).detail


@each_kind
@given(payload=st.one_of(st.binary(max_size=300), st.text(max_size=100).map(str.encode)))
def test_random_bytes_raise_nothing_but_a_protocol_error(kind: type[Message], payload: bytes):
    refusal(kind, payload)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@each_usual
@given(data=st.data())
def test_a_message_with_a_part_replaced_is_read_or_refused(message: Message, data: st.DataObject):
    said = json.loads(encode(message))
    name = data.draw(st.sampled_from(sorted(said)))
    payload = json.dumps(said | {name: data.draw(json_values)}).encode()
    try:
        read = decode(type(message), payload)
    except ProtocolError as refused:
        assert str(refused).isprintable()  # noqa: PT017 (either is right)
    else:
        assert decode(type(message), encode(read)) == read


def test_what_is_absent_is_left_out_of_the_payload():
    event = next(message for message in USUAL if isinstance(message, Event))
    assert b"null" not in encode(event.model_copy(update={"actor": None, "reason": None}))
