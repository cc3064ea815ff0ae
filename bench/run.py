"""One run: rounds of legs, each round with every kind of work at every number in flight, so that noise hits them all alike."""

import gc
import os
import platform
from collections.abc import Callable
from typing import Any, Final

from bench.costs import signing_ms
from bench.cpu import seconds_used
from bench.load import Commands, Work, leg, switches
from bench.options import Options
from bench.place import file_system, sync_ms
from bench.samples import Samples
from bench.world import CHANNELS, DEVICES_A_PROCESS, HOST, World, world

RAW, SEEN, ANSWERED = "raw", "seen", "answered"
# A command's row before it is sent; what the device intends before the pin moves; what it did before it says so.
SYNCS_IN_THE_PATH: Final = {"server": 1, "device": 2}


async def measure(options: Options, say: Callable[[str], None] = lambda _line: None) -> dict[str, Any]:
    """The whole result, as plain values for JSON."""
    busy = round(os.getloadavg()[0], 1)
    say(f"starting a broker, a server and {options.devices} devices")
    async with world(options) as parts:
        commands = Commands(parts.live, HOST, parts.port, parts.cookie, switches(parts.device_ids, CHANNELS))
        samples, cpu = await _rounds(options, commands, parts, say)
        place = {
            "database": file_system(options.data),
            "journals": file_system(options.journals),
            "database_sync_ms": round(sync_ms(options.data), 3),
            "journal_sync_ms": round(sync_ms(options.journals), 3),
        }
    return {**_result(options, samples), "load_before": busy, "cpu_ms_per_command": cpu, "place": place, **signing_ms()}


async def _rounds(
    options: Options, commands: Commands, parts: World, say: Callable[[str], None]
) -> tuple[dict[tuple[str, int], Samples], dict[str, float]]:
    """All legs. The processor time is that of the legs with the most in flight that wait for the stream."""
    works: dict[str, Work] = {
        RAW: lambda _worker: parts.ping.once(),
        SEEN: commands.until_seen,
        ANSWERED: commands.until_answered,
    }
    samples = {(kind, flight): Samples() for flight in options.flights for kind in works}
    busiest = SEEN, max(options.flights)
    spent: dict[str, float] = {}
    pids = {**parts.pids, "load": [os.getpid()]}
    for work in works.values():  # the first of a kind fills caches, and counts for nothing
        async with commands.connected(1):
            await leg(work, 1, min(1.0, options.seconds))
    gc.collect()
    gc.freeze()
    gc.disable()  # pauses of the load's own are nobody's latency
    try:
        for number in range(options.rounds):
            say(f"round {number + 1} of {options.rounds}")
            for (kind, flight), gathered in samples.items():
                before = seconds_used(pids)
                async with commands.connected(flight):
                    gathered.add(*await leg(works[kind], flight, options.seconds))
                if (kind, flight) == busiest:
                    after = seconds_used(pids)
                    spent = {name: spent.get(name, 0.0) + after[name] - before[name] for name in after}
            gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()
    done = len(samples[busiest].latencies_ms)
    return samples, {name: round(seconds * 1000 / done, 3) for name, seconds in spent.items()}


def _result(options: Options, samples: dict[tuple[str, int], Samples]) -> dict[str, Any]:
    flights = []
    for flight in options.flights:
        row = {kind: samples[kind, flight].summary() for kind in (RAW, SEEN, ANSWERED)}
        ratio = round(row[SEEN]["p50_ms"] / row[RAW]["p50_ms"], 2)
        flights.append({"in_flight": flight, **row, "ratio": ratio})
    alone = {kind: samples[kind, min(options.flights)] for kind in (RAW, SEEN, ANSWERED)}
    return {
        "machine": {"cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()},
        "devices": options.devices,
        "devices_a_process": DEVICES_A_PROCESS,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "flights": flights,
        "stalls": {kind: each.stalls for kind, each in alone.items()},
        "stalls_of": sum(len(each.latencies_ms) for each in alone.values()),
        "syncs_in_the_path": SYNCS_IN_THE_PATH,
    }
