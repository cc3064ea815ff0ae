"""Replacing the signing key, step by step: a new one beside the old, until every device has told that it trusts it."""

from pathlib import Path
from typing import Literal

from sqlmodel import col, select

from protocol.signing import key_id
from server.broker.key_ring import KeyRing, add_key, key_ring, retire_former
from server.db import Database
from server.devices.models import Device
from server.opening import StartError


async def rotate(
    database: Database, folder: Path, step: Literal["start", "status", "finish"], now_ms: int, *, leave_behind: bool = False
) -> tuple[KeyRing, list[tuple[str, str]]]:
    """The keys after this step, and which devices (id, name) lack the newest. Raises StartError for a step that may not be taken."""
    ring = key_ring(folder)
    lacking = await _lacking(database, key_id(ring.newest.public)) if len(ring.keys) > 1 else []
    if step == "start":
        if len(ring.keys) > 1:
            raise StartError("the key is being replaced already: see `rotate-signing-key status`, then `finish`")
        ring = add_key(folder, now_ms)
        lacking = await _lacking(database, key_id(ring.newest.public))
    elif step == "finish":
        if len(ring.keys) == 1:
            raise StartError("nothing is being replaced: `rotate-signing-key start` begins")
        if lacking and not leave_behind:
            names = ", ".join(f"{name} ({device_id})" for device_id, name in lacking)
            raise StartError(f"these would obey nobody any more: {names}. Wait for them, revoke them, or say --leave-behind")
        ring = retire_former(folder, now_ms)
    return ring, lacking


async def _lacking(database: Database, newest: str) -> list[tuple[str, str]]:
    alive = select(Device.id, Device.name, Device.trusts).where(col(Device.revoked_ms).is_(None)).order_by(col(Device.name))
    async with database.read() as session:
        return [
            (device_id, name) for device_id, name, trusts in await session.exec(alive) if newest not in (trusts or "").split()
        ]
