"""How commands are kept: inserted whole before anything is sent, saved whole at each step."""

from typing import Final

from sqlalchemy import bindparam, text, update

from server.commands.models import Command
from server.commands.record import OPEN, CommandRecord, Fate
from server.db import Hot, Op, insert

_STEPS: Final = (
    "fate",
    "handed_over",
    "reason",
    "published_ms",
    "answered_ms",
    "settled_ms",
    "read_back",
    "changed",
    "clamped",
    "lease_until_ms",
    "retry_after_ms",
)

_NAMES: Final = CommandRecord._fields
_NEW: Final = tuple((f"new_{name}", name) for name in _STEPS)

ACCEPT: Final = Hot(insert(Command), rank=10)
_STILL_OPEN: Final = text("fate IN ({})".format(", ".join(f"'{fate}'" for fate in sorted(OPEN))))
SAVE: Final = Hot(
    update(Command)
    .where(Command.id == bindparam("the_id"), _STILL_OPEN)  # type: ignore[arg-type]
    .values({name: bindparam(f"new_{name}") for name in _STEPS}),
    rank=30,
)


def accept(command: CommandRecord) -> Op:
    """Keep a new command."""
    return Op(ACCEPT, {name: getattr(command, name) for name in _NAMES})


def save(command: CommandRecord) -> Op:
    """Keep where a command stands now. One that is settled on disk stays as it is: no command has two fates."""
    params = {new: getattr(command, name) for new, name in _NEW}
    params["the_id"] = command.id
    return Op(SAVE, params)


def read(row: Command) -> CommandRecord:
    """The record of a row."""
    return CommandRecord(**{**row.model_dump(), "fate": Fate(row.fate)})
