"""`congtac-agent`: the command line of a device."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from device import now
from device.errors import DeviceError, IdentityError, WiringError

if TYPE_CHECKING:
    from device.agent import Agent

log = logging.getLogger("congtac.agent")

SHORTEST_KEEPALIVE_S = 2
LONGEST_KEEPALIVE_S = 120  # as the broker's own limit
DEFAULT_FOLDER = Path("/etc/congtac")
DEFAULT_STATE = Path("/var/lib/congtac")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is 0, 1 for a failure told in one line, 2 for a wrong use."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        code: int = options.act(options)
        return code
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
    files = argparse.ArgumentParser(add_help=False)
    files.add_argument("--wiring", type=Path, default=DEFAULT_FOLDER / "wiring.toml", help="which pin is which channel")
    files.add_argument("--identity", type=Path, default=DEFAULT_FOLDER / "identity.json", help="who this device is")
    check = commands.add_parser("check", parents=[files], help="read wiring and identity, and say what is wrong or what is there")
    check.set_defaults(act=_check)
    run = commands.add_parser("run", parents=[files], help="serve until stopped")
    run.set_defaults(act=_run)
    run.add_argument("--state", type=Path, default=DEFAULT_STATE, help="the folder of the journal")
    run.add_argument("--pins", choices=("auto", "gpio", "mock"), default="auto", help="real pins, or simulated ones")
    run.add_argument(
        "--keepalive", type=_keepalive, default=30, metavar="SECONDS", help="how often the link is proved (default 30)"
    )
    _add_enroll(commands)
    return parser


def _add_enroll(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "get this device's identity from the server, with a code from its owner"
    enroll = commands.add_parser("enroll", help=text, description=text)
    enroll.set_defaults(act=_enroll)
    enroll.add_argument("server", help="the server's address, as https://congtac.example.org")
    enroll.add_argument("code", help="the code: it works once, for 15 minutes")
    enroll.add_argument(
        "--identity", type=Path, default=DEFAULT_FOLDER / "identity.json", help="where to write who this device is"
    )
    enroll.add_argument("--ca", type=Path, metavar="FILE", help="who vouches for the server, if this machine does not know it")
    enroll.add_argument("--plain-http", action="store_true", help="without TLS, to a private address in your own network")
    enroll.add_argument("--again", action="store_true", help="in place of an identity that is there")


def _keepalive(text: str) -> int:
    seconds = int(text)
    if not SHORTEST_KEEPALIVE_S <= seconds <= LONGEST_KEEPALIVE_S:
        raise argparse.ArgumentTypeError(f"{seconds} is not between {SHORTEST_KEEPALIVE_S} and {LONGEST_KEEPALIVE_S} seconds")
    return seconds


def _check(options: argparse.Namespace) -> int:
    from device.identity import read_identity
    from device.wiring import read_wiring

    faults: list[str] = []
    try:
        for line in read_wiring(options.wiring).lines():
            print(line)
    except WiringError as error:
        faults += [f"{error.path}: {fault}" for fault in error.faults]
    try:
        identity = read_identity(options.identity)
        print(f"device {identity.device_id} at {identity.broker_host} port {identity.broker_port}")
    except IdentityError as error:
        faults.append(str(error))
    for fault in faults:
        print(f"congtac-agent: {fault}", file=sys.stderr)
    return 1 if faults else 0


def _enroll(options: argparse.Namespace) -> int:
    from device.enrolling import enroll

    done = enroll(
        options.server,
        options.code,
        options.identity,
        authority=options.ca,
        plain_http=options.plain_http,
        again=options.again,
    )
    where = f"{done.identity.broker_host} port {done.identity.broker_port}"
    print(f"This device is {done.name} ({done.identity.device_id}); {options.identity} is written.")
    if not done.reached:
        print(f"The broker could not be reached at {where} from here: the agent will go on trying.", file=sys.stderr)
    return 0


def _run(options: argparse.Namespace) -> int:
    # gpiozero and the link are imported late, so that --help is quick
    from device.agent import Agent
    from device.health import health_sensors
    from device.identity import write_identity
    from device.pins import choose_factory
    from device.sensing import measuring
    from device.starting import starting

    boot_id, new_factory = now.boot_id(), partial(choose_factory, options.pins)
    with starting(options.wiring, options.identity, options.state, new_factory, boot_id) as parts:
        agent = Agent(
            parts.identity,
            parts.wiring,
            parts.wiring.about(version("congtac")),
            parts.journal,
            parts.pins,
            boot_id=boot_id,
            keepalive_s=options.keepalive,
            keep_identity=partial(write_identity, options.identity),
        )
        asyncio.run(_serve(agent, measuring(agent.run(), agent, health_sensors())))
    return 0


async def _serve(agent: "Agent", work: Coroutine[Any, Any, None]) -> None:
    running = asyncio.create_task(work, name="agent")
    loop = asyncio.get_running_loop()

    def stop() -> None:
        agent.say_goodbye()
        running.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await asyncio.wait((running,))
    if not running.cancelled():
        running.result()


if __name__ == "__main__":
    sys.exit(main())
