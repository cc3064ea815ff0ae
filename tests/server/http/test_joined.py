"""An answer's head and body are one write, and nothing that was written is ever lost or out of order."""

import asyncio
import itertools

import pytest

from server.http.joined import Joined

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


class Recorded(asyncio.Transport):
    """A transport that keeps each write, and what was done to it."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 5)})
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


@pytest.fixture
async def wire() -> Recorded:
    return Recorded()


@pytest.fixture
async def joined(wire: Recorded) -> Joined:
    return Joined(wire, asyncio.get_running_loop())


async def test_a_head_and_its_body_are_one_write(wire: Recorded, joined: Joined):
    joined.write(HEAD)
    joined.write(b"ok")
    assert wire.writes == [HEAD + b"ok"]


async def test_a_head_that_nothing_follows_goes_out_at_the_next_turn(wire: Recorded, joined: Joined):
    joined.write(HEAD)
    assert wire.writes == []
    await asyncio.sleep(0)
    assert wire.writes == [HEAD]


async def test_a_body_is_never_held_back(wire: Recorded, joined: Joined):
    joined.write(HEAD)
    for part in (b"event: a\n\n", b"event: b\n\n"):
        joined.write(part)
    assert wire.writes == [HEAD + b"event: a\n\n", b"event: b\n\n"]


async def test_a_head_goes_out_before_the_connection_is_closed(wire: Recorded, joined: Joined):
    joined.write(HEAD)
    joined.close()
    await asyncio.sleep(0)
    assert (wire.writes, wire.closed) == ([HEAD], True)


async def test_a_head_is_not_written_to_a_connection_that_broke_down(wire: Recorded, joined: Joined):
    joined.write(HEAD)
    joined.abort()
    await asyncio.sleep(0)
    assert (wire.writes, wire.closed) == ([], True)


async def test_everything_else_is_the_transports_own(joined: Joined):
    assert joined.get_extra_info("peername") == ("192.0.2.1", 5)


@pytest.mark.parametrize("parts", list(itertools.product((HEAD, b"HTTP/1.1 100 Continue\r\n\r\n", b"", b"body"), repeat=3)))
@pytest.mark.parametrize("pause_after", range(4))
async def test_whatever_is_written_arrives_whole_and_in_order(
    wire: Recorded, joined: Joined, parts: tuple[bytes, ...], pause_after: int
):
    for number, part in enumerate(parts):
        if number == pause_after:
            await asyncio.sleep(0)
        joined.write(part)
    await asyncio.sleep(0)
    assert b"".join(wire.writes) == b"".join(parts)
