"""Bytes to messages and back. Whatever is wrong ends as one ProtocolError that names the fault."""

from typing import TypeVar

from pydantic import ValidationError

from protocol.errors import ProtocolError
from protocol.messages import Message

M = TypeVar("M", bound=Message)


def encode(message: Message) -> bytes:
    """The payload, as compact JSON in UTF-8; absent values are left out."""
    return message.model_dump_json(exclude_none=True).encode()


def decode(kind: type[M], payload: bytes) -> M:
    """Read a payload as that kind of message.

    Raises ProtocolError: `too_large` over the topic's limit, `not_valid` for what is not JSON, lacks a field or has a wrong one.
    """
    limit = kind.TOPIC.limit_bytes
    if len(payload) > limit:
        raise ProtocolError("too_large", f"{kind.__name__} of {len(payload)} bytes; at most {limit}")
    try:
        return kind.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the payload"
        raise ProtocolError("not_valid", f"{kind.__name__}: {where}: {first['msg']}") from None
