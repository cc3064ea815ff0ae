"""Bytes to messages and back. Whatever is wrong ends as one ProtocolError that names the fault."""

from typing import Final, TypeVar

from pydantic import ValidationError

from protocol.errors import ProtocolError
from protocol.messages import Message

M = TypeVar("M", bound=Message)
MOST_OF_A_PATH: Final = 100
MOST_OF_A_FAULT: Final = 200


def encode(message: Message) -> bytes:
    """The payload, as compact JSON in UTF-8; absent values are left out."""
    return message.model_dump_json(exclude_none=True).encode()


def decode(kind: type[M], payload: bytes) -> M:
    """Read a payload as that kind of message.

    Raises ProtocolError: `too_large` over the topic's limit, `not_json`, `not_valid` for what lacks a field or has a wrong one.
    """
    limit = kind.TOPIC.limit_bytes
    if len(payload) > limit:
        raise ProtocolError("too_large", f"{kind.__name__} of {len(payload)} bytes; at most {limit}")
    try:
        return kind.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        reason = "not_json" if first["type"] == "json_invalid" else "not_valid"
        raise ProtocolError(reason, f"{kind.__name__}: {_where(first['loc'])}: {_plain(first['msg'], MOST_OF_A_FAULT)}") from None


def _where(loc: tuple[int | str, ...]) -> str:
    """The path to the fault, fit for a log line: a key is its sender's choice, and may be long or hold line breaks."""
    path = ".".join(str(part) for part in loc) or "the payload"
    return _plain(path, MOST_OF_A_PATH)


def _plain(text: str, most: int) -> str:
    """The beginning of a text, without anything that a log could not show in its line: some faults name what was sent."""
    return text[:most].encode("unicode_escape").decode("ascii")
