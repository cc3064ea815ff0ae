"""What a run measures, from the command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.place import memory_folder


@dataclass(frozen=True, slots=True)
class Options:
    """The sizes of one run. A leg is one kind of work at one number in flight, for `seconds`; a round is every leg once."""

    devices: int = 200
    flights: tuple[int, ...] = (1, 16, 64)
    rounds: int = 6
    seconds: float = 1.5
    data: Path = Path()
    disk: bool = False
    json: Path | None = None

    @property
    def journals(self) -> Path:
        """The folder under which the devices' journals are kept."""
        return self.data if self.disk else memory_folder() or self.data


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; wrong words end the program with exit code 2."""
    usual = Options()
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure the whole path of a command beside the raw broker."
    )
    parser.add_argument("--devices", type=_positive, default=usual.devices, metavar="N", help="simulated devices")
    parser.add_argument("--flights", type=_flights, default=usual.flights, metavar="N,N", help="numbers of commands in flight")
    parser.add_argument("--rounds", type=_positive, default=usual.rounds, metavar="N", help="how often each leg is run")
    parser.add_argument("--seconds", type=float, default=usual.seconds, metavar="S", help="how long each leg lasts")
    parser.add_argument("--data", type=Path, default=usual.data, metavar="FOLDER", help="where the server's database is made")
    parser.add_argument("--disk", action="store_true", help="keep the devices' journals there too, not in memory")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    chosen = parser.parse_args(arguments)
    if max(chosen.flights) > chosen.devices:
        parser.error("--flights: more commands in flight than devices")
    return Options(**vars(chosen))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _flights(text: str) -> tuple[int, ...]:
    return tuple(sorted({_positive(part) for part in text.split(",")}))
