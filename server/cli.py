"""`congtac server` and `congtac admin`: what an operator types."""

import argparse
import asyncio
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import TypeVar

import uvloop
from fastapi import FastAPI

from server.accounts import Accounts
from server.accounts.accounts import Limits
from server.admin import add_config, run_with_writer
from server.admin_broker import add_broker_tasks
from server.admin_devices import add_device_tasks
from server.audit.cli import add_audit_arguments, row_document, rows_to_list, told_row, told_verdict, verdict_on
from server.db import Database
from server.opening import StartError, migrate_database, opened_database
from server.secrecy import require_secrets
from server.settings import Settings
from server.settings_source import load

T = TypeVar("T")


def server_main(arguments: Sequence[str]) -> int:
    """`congtac server`: run until a signal."""
    parser = argparse.ArgumentParser(prog="congtac server", description="Run the server until Ctrl-C or SIGTERM.")
    add_config(parser)
    parser.add_argument("--host", help="address to listen on")
    parser.add_argument("--port", type=int, help="port to listen on")
    chosen = parser.parse_args(arguments)
    settings = load(os.environ, chosen.config, host=chosen.host, port=chosen.port)
    require_secrets(settings)
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
        ("audit", "verify or list the audit trail"),
    ):
        task = tasks.add_parser(name, help=text, description=text)
        add_config(task)
        task.add_argument("--json", action="store_true", help="print JSON")
        if name == "sign-in-link":
            task.add_argument("--name", help="for whom; without it, for the owner")
        if name == "audit":
            add_audit_arguments(task)
    add_broker_tasks(tasks)
    add_device_tasks(tasks)
    chosen = parser.parse_args(arguments)
    if hasattr(chosen, "act"):
        return int(chosen.act(chosen))
    settings = load(os.environ, chosen.config)
    if chosen.task == "migrate":
        return _migrate(settings, as_json=chosen.json)
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

    who, address = run_with_writer(settings, make, "sign-in-link", noted)
    _print(as_json, address, {"name": who, "url": address, "valid_s": settings.link_valid_s})
    return 0


def _migrate(settings: Settings, *, as_json: bool) -> int:
    taken = asyncio.run(migrate_database(settings))
    _print(as_json, f"changes made: {', '.join(taken)}" if taken else "nothing to change", {"migrated": taken})
    return 0


async def _with_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    async with opened_database(settings) as database:
        return await work(database)


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


def _log_to_stderr() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
