"""The `congtac` command: finds the part that does the work, imports only that, and tells errors in one line."""

import argparse
import gc
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final, cast

from congtac import __version__

FAILURE: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: the module and function that do it, and the extra that brings what it needs."""

    module: str
    function: str
    extra: str
    text: str


COMMANDS: Final = {
    "demo": Command("firmware_sim.demo", "main", "device,server", "start everything with a simulated device, to try it out"),
    "server": Command("server.cli", "server_main", "server", "run the server"),
    "admin": Command("server.cli", "admin_main", "server", "work on the server's database"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand and return the exit code: 0 done, 1 failed, 2 not understood, 130 interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    chosen = parser.parse_args(given)
    if chosen.command is None:
        parser.print_help(sys.stderr)
        return USAGE
    debug = chosen.debug or "--debug" in chosen.rest
    try:
        return _function(COMMANDS[chosen.command])(chosen.rest)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 (the last place: whatever went wrong is told, in one line or whole)
        if debug:
            traceback.print_exception(error)
        else:
            print(f"congtac: {_line(error)}", file=sys.stderr)
        return FAILURE


def _parser() -> argparse.ArgumentParser:
    lines = [f"  {name:<8} {command.text}" for name, command in COMMANDS.items()]
    parser = argparse.ArgumentParser(
        prog="congtac",
        description="Switch real things from a phone, and be told the truth about what happened.",
        epilog="commands:\n" + "\n".join(lines) + "\n\n`congtac COMMAND --help` tells more of each.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"congtac {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    parser.add_argument("command", nargs="?", choices=COMMANDS, metavar="command", help="one of those below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _function(command: Command) -> Callable[[Sequence[str]], int]:
    gc.disable()  # loading makes thousands of things and no garbage: looking for some takes a quarter as long again
    try:
        module = import_module(command.module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("server", "device", "firmware_sim", "protocol", "broker_config"):
            raise
        raise RuntimeError(f"{error.name} is not installed. Run: pip install 'congtac[{command.extra}]'") from error
    finally:
        gc.enable()
    return cast("Callable[[Sequence[str]], int]", getattr(module, command.function))


def _line(error: BaseException) -> str:
    """What a person needs to know: the error's own words, and for what nobody foresaw its kind and where to find more."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = " ".join(str(error).split())
    foreseen = any(kind.__name__ in ("CongtacError", "OSError", "RuntimeError") for kind in type(error).__mro__)
    return text if foreseen and text else f"{type(error).__name__}: {text} (--debug shows where)"
