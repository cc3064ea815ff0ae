"""`congtac-sim`: simulated devices from the command line."""

import argparse
import asyncio
import gc
import logging
import random
import signal
import sys
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from device import now
from device.errors import DeviceError
from device.identity import read_identity, write_identity
from device.wiring import read_wiring
from firmware_sim.board import Board
from firmware_sim.house import four_relays
from firmware_sim.misfortune import Deadly, wrong_clock
from firmware_sim.sensors import GARDEN, garden
from protocol.backoff import Backoff

LOOK_EVERY_S: Final = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is 0, 1 for a failure told in one line, 2 for a wrong use."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        boards = _boards(options)
    except (DeviceError, OSError) as error:
        if options.debug:
            raise
        print(f"congtac-sim: {error}", file=sys.stderr)
        return 1
    _run(_serve(boards))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="congtac-sim", description="Devices without hardware: the real agent on simulated pins."
    )
    parser.add_argument("--version", action="version", version=f"congtac {version('congtac')}")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="simulate one device for each identity, until stopped")
    run.add_argument("identities", type=Path, nargs="+", metavar="IDENTITY", help="an identity file")
    run.add_argument("--wiring", type=Path, help="a wiring file for all of them (default: four relays)")
    run.add_argument("--garden", action="store_true", help="with the sensors of the demo's garden besides")
    run.add_argument("--state", type=Path, required=True, help="the folder of journals and pin records")
    run.add_argument("--boot-id", help="pretend to be this run of the machine; another one than last time is a power cut")
    run.add_argument("--keepalive", type=int, default=30, metavar="SECONDS")
    run.add_argument("--first-retry", type=float, default=1.0, metavar="SECONDS", help="the first ceiling of the reconnect delay")
    run.add_argument("--longest-retry", type=float, default=30.0, metavar="SECONDS", help="its last ceiling (default 30)")
    run.add_argument("--clock-offset", type=Path, metavar="FILE", help="a wrong system clock: off by the seconds in this file")
    run.add_argument("--die-at", type=Deadly, metavar="STEP:N", help="die at a step of the journal, or at `pin`, the Nth time")
    return parser


def _boards(options: argparse.Namespace) -> list[Board]:
    wiring = read_wiring(options.wiring) if options.wiring else four_relays()
    identities = {path: read_identity(path) for path in options.identities}
    return [
        Board(
            identity,
            wiring,
            options.state / identity.device_id,
            boot_id=options.boot_id,
            keepalive_s=options.keepalive,
            backoff=Backoff(random.uniform, first_s=options.first_retry, cap_s=max(options.first_retry, options.longest_retry)),
            moment=wrong_clock(options.clock_offset) if options.clock_offset else now.moment,
            step=options.die_at or (lambda _name: None),
            keep_identity=partial(write_identity, path),
            sensor_channels=GARDEN if options.garden else (),
            sensors=garden(seed=1) if options.garden else (),
        )
        for path, identity in identities.items()
    ]


def _run(main: Coroutine[Any, Any, None]) -> None:
    """Run it on uvloop where that is installed: a fleet in one process has hundreds of sockets."""
    try:
        from uvloop import run
    except ImportError:
        asyncio.run(main)
    else:
        run(main)


async def _serve(boards: list[Board]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        for board in boards:
            await stack.enter_async_context(board.running())
        settling = asyncio.create_task(_settle(boards), name="settling")
        stack.callback(settling.cancel)
        await stop.wait()


async def _settle(boards: list[Board]) -> None:
    """What is there once all are known to their server stays, and full collections need not walk it again and again.

    Each would hold up all boards at once, which real ones never do to each other: a tenth of a second for two hundred.
    """
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        if all(board.agent.time_ms() is not None for board in boards):
            break
    gc.collect()
    gc.freeze()
