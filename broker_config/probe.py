"""One question to a broker: does it speak MQTT yet?"""

import asyncio
from contextlib import suppress
from typing import Final

# MQTT 3.1.1 CONNECT: clean session, keepalive 60 s, empty client id, no user name. A broker that refuses strangers answers too.
_CONNECT: Final = bytes.fromhex("10 0c 0004 4d515454 04 02 003c 0000")
_CONNACK: Final = bytes.fromhex("20 02")


async def speaks_mqtt(host: str, port: int, timeout_s: float) -> bool:
    """Whether a broker at this address answers a CONNECT, be it with a refusal, within the time. Raises nothing."""
    try:
        async with asyncio.timeout(timeout_s):
            return await _ask(host, port)
    except (OSError, EOFError):  # TimeoutError is an OSError
        return False


async def _ask(host: str, port: int) -> bool:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(_CONNECT)
        return (await reader.readexactly(4))[:2] == _CONNACK
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
