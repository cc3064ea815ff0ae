"""Two thieves: one with the phone, one with the Pi's card. Once the owner has said so elsewhere, each is out within five seconds."""

import asyncio
import time
from pathlib import Path

import httpx

from tests.processes import running_system

OUT_WITHIN_S = 5.0


async def test_who_has_the_phone_is_out_within_five_seconds_of_its_session_s_end(tmp_path: Path):
    """Checklist 11."""
    async with running_system(tmp_path) as system, system.visitor() as phone, system.visitor() as elsewhere:
        sessions = (await elsewhere.get("/api/v1/sessions")).json()
        stolen = [session["id"] for session in sessions if not session["this"]]
        async with phone.stream("GET", "/api/v1/live") as stream:
            chunks = stream.aiter_bytes()
            assert b"snapshot" in await anext(chunks)
            for session_id in stolen:
                answer = await elsewhere.delete(f"/api/v1/sessions/{session_id}")
                assert answer.status_code in (200, 204), answer.text
            started = time.monotonic()
            async with asyncio.timeout(OUT_WITHIN_S):
                assert [chunk async for chunk in chunks if b"event: snapshot" in chunk] == []
            assert time.monotonic() - started < OUT_WITHIN_S
        assert (await phone.get("/api/v1/snapshot")).status_code == 401
        assert (await phone.post("/api/v1/devices/0123456789abcdef/channels/x/commands", json={"on": True})).status_code == 401
        assert (await phone.get("/", headers={"Accept": "text/html"})).status_code == httpx.codes.SEE_OTHER
        assert (await elsewhere.get("/api/v1/snapshot")).status_code == 200
