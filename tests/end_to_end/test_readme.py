"""What the README tells people to type works, and its links lead somewhere."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from broker_config.ports import free_port
from tests.components import require
from tests.end_to_end.demo import STOP_WITHIN_S
from tests.program import READY_WITHIN_S, Program, answering
from tests.waiting import eventually, until

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
DEMO, SERVE, DEVICE = COMMANDS
WIRING = re.findall(r"^```toml\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_every_block_of_commands_is_tried_here():
    assert [block.split()[0] for block in COMMANDS] == ["make", "congtac", "congtac"]
    assert len(WIRING) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(page: Path):
    targets = re.findall(r'\]\(([^)#\s]+)[^)]*\)|src="([^"]+)"', page.read_text("utf-8"))
    local = [one or other for one, other in targets if "://" not in (one or other)]
    assert [target for target in local if not (page.parent / target).exists()] == []


def prepared_copy(folder: Path) -> Path:
    """A copy of what `make demo` uses, with this environment as the one that it has made before: nothing is installed."""
    for name in ("Makefile", "pyproject.toml", "scripts/setup", "requirements/demo.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((ROOT / name).read_bytes())
    (folder / "scripts/setup").chmod(0o755)
    (folder / ".venv").mkdir()
    (folder / ".venv/bin").symlink_to(Path(sys.executable).parent)
    made_from = (folder / "requirements/demo.txt").read_bytes() + (folder / "pyproject.toml").read_bytes()
    done = subprocess.run(["cksum"], input=made_from, capture_output=True, check=True)
    (folder / ".venv/.made-for-demo").write_bytes(done.stdout)
    return folder


async def test_make_demo_ends_at_a_page(tmp_path):
    require("mosquitto")
    port = free_port("127.0.0.1")
    shell = f"cd '{prepared_copy(tmp_path)}' && exec {DEMO.strip()}"
    demo = Program("make demo", ["/bin/sh", "-c", shell], tmp_path / "demo.log", {"PORT": str(port)})
    await demo.start()
    try:
        await until(lambda: not demo.running or "Ctrl-C" in demo.said(), within_s=READY_WITHIN_S)
        demo.check_alive()
        async with httpx.AsyncClient(base_url=f"http://localhost:{port}") as client:
            await answering(client, "/readyz", demo)
        assert f"http://localhost:{port}/sign-in/" in demo.said()
        assert (tmp_path / ".demo").is_dir()
        os.killpg(demo.pid, signal.SIGINT)  # as a terminal does
        await demo.ended(STOP_WITHIN_S)
        assert "Stopped." in demo.said()
    finally:
        await demo.kill()


@asynccontextmanager
async def typed(folder: Path, name: str, line: str, environ: dict[str, str]) -> AsyncIterator[Program]:
    """A line as somebody types it, in that folder. One that ends in & runs until the block is left."""
    shell = f"cd '{folder}' && exec {line.removesuffix('&')}"
    program = Program(name, ["/bin/sh", "-c", shell], folder / f"{name}.log", environ)
    await program.start()
    try:
        yield program
    finally:
        await program.stop()


async def test_the_way_to_a_real_relay_board_works_off_a_board_too(tmp_path):
    mosquitto = require("mosquitto")
    path = os.pathsep.join([str(Path(sys.executable).parent), str(Path(mosquitto).parent), os.environ.get("PATH", "")])
    port = free_port("127.0.0.1")
    environ = {"PATH": path, "CONGTAC_PORT": str(port)}
    files, broker, server = SERVE.splitlines()
    add, check, run = DEVICE.splitlines()
    (tmp_path / "wiring.toml").write_text(WIRING[0], encoding="utf-8")

    async with AsyncExitStack() as stack:

        async def done(name: str, line: str) -> str:
            program = await stack.enter_async_context(typed(tmp_path, name, line, environ))
            assert await program.ended(READY_WITHIN_S) == 0, program.said()
            return program.said()

        await done("files", f"{files} --port {free_port('127.0.0.1')}")
        await stack.enter_async_context(typed(tmp_path, "broker", broker, environ))
        serving = await stack.enter_async_context(typed(tmp_path, "server", server, environ))
        url = f"http://127.0.0.1:{port}"
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=url, headers={"Origin": url}))
        await answering(client, "/readyz", serving)
        [link] = re.findall(r"http://\S+/sign-in/\S+", serving.said())
        assert (await client.post(link)).status_code == 303

        assert "nha/tram-bom was added" in (said := await done("add", add))
        assert "not told" not in said
        await done("check", check)
        await stack.enter_async_context(typed(tmp_path, "run", run, environ))

        async def online() -> bool:
            devices = (await client.get("/api/v1/snapshot")).json()["devices"]
            return [(it["name"], it["presence"], len(it["channels"])) for it in devices] == [("Trạm bơm", "online", 1)]

        await eventually(online, within_s=READY_WITHIN_S)
        [device] = (await client.get("/api/v1/snapshot")).json()["devices"]
        address = f"/api/v1/devices/{device['id']}/channels/may-bom/commands"
        answer = await client.post(address, json={"on": True}, headers={"Prefer": "wait=5"})
        assert (answer.json()["fate"], answer.json()["read_back"]) == ("applied", True)
        assert answer.json()["lease_until_ms"] is not None
