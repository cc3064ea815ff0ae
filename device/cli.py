"""`congtac-agent`: the command line of a device."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from device import now
from device.errors import DeviceError
from protocol.ids import new_token

if TYPE_CHECKING:
    from device.agent import Agent

DEFAULT_FOLDER = Path("/etc/congtac")
DEFAULT_STATE = Path("/var/lib/congtac")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is 0, 1 for a failure told in one line, 2 for a wrong use."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        return _run(options)
    except (DeviceError, OSError) as error:
        if options.debug:
            raise
        print(f"congtac-agent: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="congtac-agent", description="The agent that drives the relays of one device.")
    parser.add_argument("--version", action="version", version=f"congtac {version('congtac')}")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="serve until stopped")
    run.add_argument("--wiring", type=Path, default=DEFAULT_FOLDER / "wiring.toml", help="which pin is which channel")
    run.add_argument("--identity", type=Path, default=DEFAULT_FOLDER / "identity.json", help="who this device is")
    run.add_argument("--state", type=Path, default=DEFAULT_STATE, help="the folder of the journal")
    run.add_argument("--pins", choices=("auto", "gpio", "mock"), default="auto", help="real pins, or simulated ones")
    run.add_argument("--keepalive", type=int, default=30, metavar="SECONDS", help="how often the link is proved (default 30)")
    return parser


def _run(options: argparse.Namespace) -> int:
    # gpiozero and the link are imported late, so that --help is quick
    from device.agent import Agent
    from device.identity import read_identity
    from device.journal import Journal
    from device.pins import Pins, choose_factory
    from device.wiring import read_wiring

    wiring = read_wiring(options.wiring)
    identity = read_identity(options.identity)
    options.state.mkdir(parents=True, exist_ok=True)
    journal = Journal(options.state / "journal.db", new_token)
    try:
        pins = Pins(wiring, choose_factory(options.pins))
        agent = Agent(
            identity,
            wiring,
            wiring.about(version("congtac")),
            journal,
            pins,
            boot_id=now.boot_id(),
            keepalive_s=options.keepalive,
        )
        asyncio.run(_serve(agent))
        pins.close()
    finally:
        journal.close()
    return 0


async def _serve(agent: "Agent") -> None:
    running = asyncio.create_task(agent.run(), name="agent")
    loop = asyncio.get_running_loop()

    def stop() -> None:
        agent.say_goodbye()
        running.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await asyncio.wait((running,))
    if not running.cancelled():
        running.result()
