"""What single steps cost in this process: signing and reading a command."""

import time
from collections.abc import Callable
from statistics import median
from typing import Final

from protocol.ids import new_command_id, new_device_id
from protocol.messages import Command
from protocol.signing import SigningKey, Verifier

TIMES: Final = 500


def signing_ms() -> dict[str, float]:
    """The median times in ms to sign a command, and to check and read it on the device's side."""
    key, device_id = SigningKey.generate(), new_device_id()
    command = Command(
        aud=device_id, jti=new_command_id(0), iat_ms=0, exp_ms=10_000, channel="may-bom", on=True, for_s=600, actor="Lan"
    )
    token, verifier = key.sign(command), Verifier((key.public,), device_id)
    return {"sign_ms": _median(lambda: key.sign(command)), "verify_ms": _median(lambda: verifier.read(Command, token))}


def _median(call: Callable[[], object]) -> float:
    took = []
    for _ in range(TIMES):
        started = time.perf_counter()
        call()
        took.append((time.perf_counter() - started) * 1000)
    return round(median(took), 4)
