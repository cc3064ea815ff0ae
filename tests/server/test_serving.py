"""The server on a real port: it says where it listens, stops when told to, and says why when it cannot start."""

import asyncio
import gc
import json
import os
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from broker_config.ports import free_port
from server.cli import admin_main
from server.opening import StartError, opened_database
from server.serving import bound_socket, serve
from server.settings import Settings
from tests.waiting import until


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """Serving freezes what is loaded: not for the tests after it."""
    yield
    gc.unfreeze()


@asynccontextmanager
async def served(folder: Path, **given: Any) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient, "asyncio.Task[None]"]]:
    settings = Settings(data_dir=folder / "data", port=free_port("127.0.0.1"), broker_port=free_port("127.0.0.1"), **given)
    ready: list[FastAPI] = []
    task = asyncio.create_task(serve(settings, on_ready=ready.append), name="serve")
    await until(lambda: ready or task.done())
    if task.done():
        task.result()
    try:
        async with httpx.AsyncClient(base_url=settings.address, headers={"Sec-Fetch-Site": "none"}, timeout=10) as http:
            yield ready[0], http, task
    finally:
        if not task.done():
            os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(15):
            await task


async def test_an_answer_without_a_body_reaches_who_will_say_no_more(tmp_path: Path) -> None:
    """A connection whose other end has closed its half closes itself as soon as it hears of that."""
    async with served(tmp_path) as (_app, http, _task):
        for _ in range(20):
            reader, writer = await asyncio.open_connection(http.base_url.host, http.base_url.port)
            writer.write(b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            writer.write_eof()
            async with asyncio.timeout(10):
                assert (await reader.read()).startswith(b"HTTP/1.1 405 ")
            writer.close()
            await writer.wait_closed()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_the_server_at_once_also_with_an_open_stream(tmp_path: Path, number: signal.Signals) -> None:
    async with served(tmp_path) as (app, http, task):
        await http.post(f"/sign-in/{app.state.first_link}")
        async with http.stream("GET", "/api/v1/live") as stream:
            chunks = stream.aiter_bytes()
            assert b"snapshot" in await anext(chunks)
            os.kill(os.getpid(), number)
            async with asyncio.timeout(4):  # less than the grace that requests get
                assert [chunk async for chunk in chunks if b"event: snapshot" in chunk] == []
                await task


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_who_is_gone_without_a_word_is_given_up_within_a_minute(host: str) -> None:
    with (
        bound_socket(host, 0) as listening,
        socket.create_connection(listening.getsockname()[:2]),
        listening.accept()[0] as accepted,
    ):
        assert 20_000 < accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 60_000


async def test_a_proxy_on_this_machine_is_believed_that_it_speaks_https(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, http, _task):
        answer = await http.get("/sign-in", headers={"X-Forwarded-Proto": "https"})
    assert "strict-transport-security" in answer.headers


@pytest.mark.parametrize(("trusted", "others_wait"), [("127.0.0.0/8", False), ("", True), ("192.0.2.1", True)])
async def test_only_a_trusted_proxy_is_believed_about_who_asks(tmp_path: Path, trusted: str, others_wait: bool) -> None:
    """Checklist 9."""

    async def guess(http: httpx.AsyncClient, forwarded: str) -> int:
        return (await http.post("/sign-in/guess", headers={"X-Forwarded-For": forwarded})).status_code

    async with served(tmp_path, trusted_proxies=trusted) as (_, http, _task):
        while await guess(http, "203.0.113.5") == 410:
            pass
        spoofed = await guess(http, "198.51.100.9, 203.0.113.5")
        other = await guess(http, "203.0.113.5, 198.51.100.9")
    assert (spoofed, other) == (429, 429 if others_wait else 410)


def test_a_port_in_use_is_told_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StartError, match=rf"cannot listen on 127.0.0.1:{port}: another program listens there. .* --port"):
            bound_socket("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "not a host"])
def test_an_address_that_is_not_of_this_machine_is_told(host: str) -> None:
    with pytest.raises(StartError, match=f"cannot listen on {host}"):
        bound_socket(host, 8000)


async def test_a_data_folder_that_cannot_be_made_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match=r"data folder .* cannot be made: Not a directory.*CONGTAC_DATA_DIR"):
        async with opened_database(Settings(data_dir=tmp_path / "file" / "data")):
            pass


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "congtac.db").write_text("not a database " * 500)
    with pytest.raises(StartError, match="cannot be opened: file is not a database"):
        async with opened_database(Settings(data_dir=tmp_path)):
            pass


async def test_a_database_server_that_is_away_is_told(tmp_path: Path) -> None:
    away = Settings(data_dir=tmp_path, database_url=f"postgresql://lan:secret-word@127.0.0.1:{free_port('127.0.0.1')}/congtac")
    with pytest.raises(StartError, match="cannot be opened") as told:
        async with opened_database(away):
            pass
    assert "secret-word" not in str(told.value)


async def test_the_data_folder_is_its_owner_s_alone(tmp_path: Path) -> None:
    async with opened_database(Settings(data_dir=tmp_path / "data")):
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0


@pytest.fixture
def with_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONGTAC_DATA_DIR", str(tmp_path))
    return tmp_path


def test_migrate_tells_what_it_did(with_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert admin_main(["migrate", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["migrated"][0] == "0001"
    assert admin_main(["migrate"]) == 0
    assert capsys.readouterr().out == "nothing to change\n"
    assert (with_data / "congtac.db").exists()


@pytest.mark.usefixtures("with_data")
@pytest.mark.parametrize(("name", "told"), [([], "there is nobody yet"), (["--name", "Hoa"], "there is nobody called 'Hoa'")])
def test_a_link_for_nobody_is_refused(name: list[str], told: str) -> None:
    with pytest.raises(StartError, match=told):
        admin_main(["sign-in-link", *name])


def test_a_new_link_is_printed_as_an_address_and_works(with_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    admin_main(["migrate"])
    with sqlite3.connect(with_data / "congtac.db") as database:
        database.execute("INSERT INTO person VALUES ('lan', 'Lan', 0)")
    database.close()
    capsys.readouterr()
    assert admin_main(["sign-in-link", "--name", "Lan", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["name"], printed["valid_s"]) == ("Lan", 86_400)
    assert printed["url"].startswith("http://127.0.0.1:8000/sign-in/")
