"""What the tasks of `congtac admin` share."""

import argparse
import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from server.audit.cli import record_admin
from server.db import Database
from server.errors import CongtacError
from server.opening import opened_database
from server.settings import Settings
from server.settings_source import load

T = TypeVar("T")


class Tasks(Protocol):
    """Where tasks are added, as argparse has it."""

    def add_parser(self, name: str, *, help: str, description: str) -> argparse.ArgumentParser:  # noqa: A002 (argparse's word)
        """A new task."""


def add_task(tasks: Tasks, name: str, text: str, act: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    """A task with the options that all of them have. `act` does it, and returns the exit code."""
    task = tasks.add_parser(name, help=text, description=text)
    add_config(task)
    task.add_argument("--json", action="store_true", help="print JSON")
    task.set_defaults(act=act)
    return task


def add_config(parser: argparse.ArgumentParser) -> None:
    """Where the settings are."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in TOML; docs/settings.md lists them")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def settings_of(chosen: argparse.Namespace) -> Settings:
    """The settings that a task was called with. Raises SettingsError."""
    return load(os.environ, chosen.config)


def run_with_writer(settings: Settings, work: Callable[[Database], Awaitable[T]], task: str, noted: Mapping[str, str]) -> T:
    """Do some work of an operator's, with the writer serving. How it ended goes into the audit trail, with the ids that it noted."""

    async def run() -> T:
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

    return asyncio.run(run())


def say(chosen: argparse.Namespace, text: str, data: Any) -> int:
    """Print the text, or the data where JSON was asked for; the exit code of success."""
    print(json.dumps(data, ensure_ascii=False) if chosen.json else text)
    return 0
