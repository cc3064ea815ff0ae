"""`congtac server` and `congtac admin`: what an operator types."""

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import uvloop
from fastapi import FastAPI

from server.accounts import Accounts
from server.accounts.accounts import Limits
from server.audit.cli import add_audit_arguments, record_admin, row_document, rows_to_list, told_row, told_verdict, verdict_on
from server.broker.files import USUAL_PORT, write_broker_files
from server.db import Database
from server.devices.adding import Added, add_device
from server.errors import CongtacError
from server.opening import StartError, migrate_database, opened_database
from server.settings import Settings
from server.settings_source import load

T = TypeVar("T")


def server_main(arguments: Sequence[str]) -> int:
    """`congtac server`: run until a signal."""
    parser = argparse.ArgumentParser(prog="congtac server", description="Run the server until Ctrl-C or SIGTERM.")
    _add_config(parser)
    parser.add_argument("--host", help="address to listen on")
    parser.add_argument("--port", type=int, help="port to listen on")
    chosen = parser.parse_args(arguments)
    settings = load(os.environ, chosen.config, host=chosen.host, port=chosen.port)
    _log_to_stderr()
    from server.serving import serve

    uvloop.run(serve(settings, on_ready=_greet))
    return 0


def admin_main(arguments: Sequence[str]) -> int:
    """`congtac admin …`: what needs the database but no running server."""
    parser = argparse.ArgumentParser(prog="congtac admin", description="Work on the server's database.")
    tasks = parser.add_subparsers(dest="task", required=True, metavar="task")
    for name, text in (
        ("sign-in-link", "print a new sign-in link, which works once"),
        ("migrate", "bring the database's tables up to this version"),
        ("broker-files", "write mosquitto's files for a broker on this machine, and the server's settings for it"),
        ("add-device", "add a device, and write the identity file that its agent needs"),
        ("audit", "verify or list the audit trail"),
    ):
        task = tasks.add_parser(name, help=text, description=text)
        _add_config(task)
        task.add_argument("--json", action="store_true", help="print JSON")
        if name == "sign-in-link":
            task.add_argument("--name", help="for whom; without it, for the owner")
        if name == "audit":
            add_audit_arguments(task)
        if name == "broker-files":
            task.add_argument("folder", type=Path, help="where to write them; they stay there")
            task.add_argument("--port", type=int, default=USUAL_PORT, help=f"the broker's port (default {USUAL_PORT})")
            task.add_argument("--user", help="whom mosquitto becomes where root starts it (default: you)")
        if name == "add-device":
            task.add_argument("site", help="the short name of the device's site")
            task.add_argument("name", help="what people call the device")
            task.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to write its identity")
            task.add_argument(
                "--broker", metavar="HOST:PORT", help="where the device finds the broker, if not where the server does"
            )
    chosen = parser.parse_args(arguments)
    if chosen.task == "broker-files":
        return _broker_files(chosen)
    settings = load(os.environ, chosen.config)
    if chosen.task == "migrate":
        return _migrate(settings, as_json=chosen.json)
    if chosen.task == "add-device":
        return _add_device(settings, chosen)
    if chosen.task == "audit":
        return _audit(settings, chosen)
    return _sign_in_link(settings, chosen.name, as_json=chosen.json)


def _audit(settings: Settings, chosen: argparse.Namespace) -> int:
    if chosen.do == "list":
        rows = asyncio.run(_with_database(settings, lambda database: rows_to_list(database, chosen.rows)))
        _print(chosen.json, "\n".join(map(told_row, rows)) or "nothing yet", [row_document(row) for row in rows])
        return 0
    verdict = asyncio.run(_with_database(settings, lambda database: verdict_on(database, settings, chosen.head)))
    _print(chosen.json, told_verdict(verdict), {**asdict(verdict), "ok": not verdict.faults})
    return 1 if verdict.faults else 0


def _sign_in_link(settings: Settings, name: str | None, *, as_json: bool) -> int:
    noted: dict[str, str] = {}

    async def make(database: Database) -> tuple[str, str]:
        limits = Limits(settings.link_valid_s, settings.session_idle_s, settings.session_absolute_s, settings.proof_valid_s)
        accounts = Accounts(database, limits)
        person = await accounts.find_person(name)
        if person is None:
            raise StartError(
                "there is nobody yet. Start the server once: it makes the owner and prints a link"
                if name is None
                else f"there is nobody called {name!r}. Names are told apart letter by letter"
            )
        noted["person_id"] = person.id
        return person.name, link_address(settings, await accounts.make_link(person.id))

    who, address = asyncio.run(_with_writer(settings, make, "sign-in-link", noted))
    _print(as_json, address, {"name": who, "url": address, "valid_s": settings.link_valid_s})
    return 0


def _migrate(settings: Settings, *, as_json: bool) -> int:
    taken = asyncio.run(migrate_database(settings))
    _print(as_json, f"changes made: {', '.join(taken)}" if taken else "nothing to change", {"migrated": taken})
    return 0


def _broker_files(chosen: argparse.Namespace) -> int:
    made = write_broker_files(chosen.folder, chosen.port, chosen.user)
    text = f"Start the broker:  mosquitto -c {made.configuration}\nThen the server:   congtac server --config {made.settings}"
    _print(chosen.json, text, {name: str(path) for name, path in asdict(made).items()})
    return 0


def _add_device(settings: Settings, chosen: argparse.Namespace) -> int:
    broker = _host_and_port(chosen.broker) if chosen.broker else None

    noted: dict[str, str] = {}

    async def add(database: Database) -> Added:
        added = await add_device(database, settings, chosen.site, chosen.name, chosen.out, broker=broker)
        noted["device_id"] = added.id
        return added

    added = asyncio.run(_with_writer(settings, add, "add-device", noted))
    text = (
        f"{added.site_slug}/{added.slug} was added with the id {added.id}.\n"
        f"Bring {chosen.out} to the device, for its user alone, and start there: congtac-agent run --identity FILE"
    )
    if not added.broker_told:
        text += "\nThe broker was not told: have it read its password file again (kill -HUP), before the device starts."
    _print(chosen.json, text, {**asdict(added), "identity": str(chosen.out)})
    return 0


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 1 <= int(port) <= 65_535:
        raise StartError(f"{text!r} is not HOST:PORT, as in broker.example.org:1883")
    return host, int(port)


async def _with_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    async with opened_database(settings) as database:
        return await work(database)


async def _with_writer(settings: Settings, work: Callable[[Database], Awaitable[T]], task: str, noted: Mapping[str, str]) -> T:
    """Do some work of an operator's, with the writer serving. How it ended goes into the audit trail, with the ids that it noted."""
    async with opened_database(settings) as database:
        serving = asyncio.create_task(database.writer.serve(), name="database writer")
        try:
            try:
                done = await work(database)
            except CongtacError:
                await record_admin(database, settings, task, noted, refusal="refused")
                raise
            await record_admin(database, settings, task, noted)
            return done
        finally:
            database.writer.stop()
            await serving


def link_address(settings: Settings, token: str) -> str:
    """The address that a sign-in link's token is opened by."""
    return f"{settings.address}/sign-in/{token}"


def _greet(app: FastAPI) -> None:
    settings: Settings = app.state.settings
    print(f"Congtac listens on {settings.address}", flush=True)
    if app.state.first_link is not None:
        print("First start. Sign in as the owner through this address, which works once:", flush=True)
        print(f"  {link_address(settings, app.state.first_link)}", flush=True)


def _print(as_json: bool, text: str, data: object) -> None:
    print(json.dumps(data, ensure_ascii=False) if as_json else text)


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML; docs/settings.md lists them")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def _log_to_stderr() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
