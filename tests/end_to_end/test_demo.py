"""`congtac demo` as a person runs it: one command, an address, and everything gone again after Ctrl-C."""

import asyncio
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from broker_config.ports import free_port
from firmware_sim.pins import read_record
from tests.end_to_end.demo import COMMAND, STOP_WITHIN_S, Demo
from tests.program import READY_WITHIN_S, answering, plain_environ
from tests.waiting import eventually, until


async def all_online(client: httpx.AsyncClient) -> bool:
    return [device["presence"] for device in (await client.get("/api/v1/snapshot")).json()["devices"]] == ["online"]


async def lamp(client: httpx.AsyncClient) -> tuple[str, dict]:
    [device] = (await client.get("/api/v1/snapshot")).json()["devices"]
    return device["id"], next(channel for channel in device["channels"] if channel["id"] == "den")


async def kept(client: httpx.AsyncClient, command_id: str) -> bool:
    """Whether history tells of the lamp that this command switched on."""
    device_id, _ = await lamp(client)
    events = (await client.get(f"/api/v1/devices/{device_id}/history")).json()["events"]
    wanted = {"channel": "den", "on": True, "cause": "command", "command": command_id}
    return any(wanted.items() <= event.items() for event in events)


async def test_a_demo_lets_in_once_a_link_stops_cleanly_and_goes_on_where_it_was(tmp_path):
    demo = Demo(tmp_path)
    async with demo.running(), demo.client() as client:
        links = demo.links()
        assert [link.partition("/sign-in/")[0] for link in links] == [demo.url]
        assert "█" not in demo.program.said()  # a QR code is for a screen, not for a file
        assert (await client.post(links[0])).status_code == 303
        await until(lambda: len(demo.links()) == 2)
        async with demo.client() as other:
            assert (await other.post(links[0])).status_code == 410
            assert (await other.post(demo.links()[1])).status_code == 303
        await eventually(lambda: all_online(client))
        device_id, _ = await lamp(client)
        answer = await client.post(
            f"/api/v1/devices/{device_id}/channels/den/commands", json={"on": True}, headers={"Prefer": "wait=5"}
        )
        assert answer.json()["fate"] == "applied"
        await eventually(lambda: kept(client, answer.json()["id"]))
        cookies = client.cookies
    moved = read_record(demo.folder / "device" / "pins.jsonl")

    async with demo.running(), demo.client(cookies) as client:
        assert len(demo.links()) == 1
        await eventually(lambda: all_online(client))
        again_id, now = await lamp(client)
        assert (again_id, now["on"]) == (device_id, True)
        assert await kept(client, answer.json()["id"])
    assert read_record(demo.folder / "device" / "pins.jsonl") == moved  # a restart is no power cut: no relay moved


async def test_a_screen_gets_a_qr_code(tmp_path):
    demo = Demo(tmp_path)
    screen, side = os.openpty()
    os.set_blocking(screen, False)
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--data", str(demo.folder), "--port", str(demo.port), stdout=side, stderr=side, env=plain_environ()
    )
    os.close(side)
    seen = bytearray()

    def shown() -> str:
        with suppress(OSError):  # nothing new, or the other side is closed
            seen.extend(os.read(screen, 65_536))
        return seen.decode(errors="replace")

    try:
        await until(lambda: "Ctrl-C stops everything" in shown() or process.returncode is not None, within_s=READY_WITHIN_S)
        assert f"http://localhost:{demo.port}/sign-in/" in shown()
        assert shown().count("█") > 100
        process.send_signal(signal.SIGINT)
        await until(lambda: "Stopped." in shown(), within_s=STOP_WITHIN_S)
        assert await asyncio.wait_for(process.wait(), STOP_WITHIN_S) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(screen)


async def test_on_the_lan_the_printed_address_answers(tmp_path):
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))
            own = probe.getsockname()[0]
    except OSError:
        own = None
    demo = Demo(tmp_path, "--lan")
    if own is None:
        said = await refused(*demo.command)
        assert "join a Wi-Fi" in said
        return
    async with demo.running():
        [link] = demo.links()
        assert link.startswith(f"http://{own}:{demo.port}/sign-in/")
        async with httpx.AsyncClient(base_url=f"http://{own}:{demo.port}") as phone:
            await answering(phone, "/healthz", demo.program)
            page = await phone.get(link, headers={"Accept": "text/html"})
            assert page.status_code == 200
            assert (await phone.post(link)).status_code == 303


async def test_two_demos_in_one_folder_are_refused(tmp_path):
    demo = Demo(tmp_path)
    async with demo.running():
        said = await refused(*COMMAND, "--data", str(demo.folder), "--port", str(free_port("127.0.0.1")))
        assert f"a demo is running in {demo.folder} already" in said
        assert "--data" in said


async def test_a_port_in_use_is_told_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = await refused(*COMMAND, "--data", str(tmp_path / "demo"), "--port", str(port))
    assert f"127.0.0.1:{port}" in said
    assert "--port" in said


async def test_a_missing_mosquitto_is_told_with_what_to_install(tmp_path):
    said = await refused(*COMMAND, "--data", str(tmp_path / "demo"), environ={"CONGTAC_MOSQUITTO": "/nonexistent"})
    assert "mosquitto was not found in $CONGTAC_MOSQUITTO (/nonexistent)" in said
    assert "sudo apt install mosquitto" in said


@pytest.mark.parametrize("place", ["a file", "in a file", "/proc"])
async def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path, place):
    (tmp_path / "file").touch()
    folder = {"a file": tmp_path / "file", "in a file": tmp_path / "file" / "demo", "/proc": Path("/proc/demo")}[place]
    said = await refused(*COMMAND, "--data", str(folder))
    assert f"the folder {folder} cannot be written" in said
    assert "--data FOLDER" in said


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--nonsense"]])
async def test_a_wrong_use_is_explained(arguments):
    code, said = await ended(*COMMAND, *arguments)
    assert code == 2
    assert "usage: congtac demo" in said


async def refused(*command: str, environ: dict[str, str] | None = None) -> str:
    """The one line on stderr of a command that fails."""
    code, said = await ended(*command, environ=environ)
    assert code == 1, said
    assert len(said.splitlines()) == 1, said
    assert said.startswith("congtac: ")
    return said


async def ended(*command: str, environ: dict[str, str] | None = None) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, env={**plain_environ(), **(environ or {})}
    )
    try:
        _, said = await asyncio.wait_for(process.communicate(), READY_WITHIN_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, said.decode()
