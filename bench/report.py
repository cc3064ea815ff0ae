"""A result as a table for people."""

from typing import Any

from bench.samples import STALL_MS

_NAMES = {"raw": "raw broker, there and back", "seen": "POST → pin → live stream", "answered": "POST → pin → its own answer"}


def report(result: dict[str, Any]) -> str:
    """The whole text."""
    machine, place = result["machine"], result["place"]
    head = (
        f"{machine['cores']} cores, {machine['system']}, Python {machine['python']}; {result['devices']} simulated devices, "
        f"{result['devices_a_process']} a process; "
        f"{result['rounds']} rounds of {result['seconds']:g} s a leg; load average before: {result['load_before']}\n"
        f"server's database on {place['database']}, synchronous=FULL, one sync takes {place['database_sync_ms']:.2f} ms; "
        f"devices' journals on {place['journals']} ({place['journal_sync_ms']:.3f} ms)\n"
    )
    lines = [
        head,
        f"{'in flight':>9}  {'what':<28} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} {'a second':>9} {'× raw p50':>9}",
    ]
    for row in result["flights"]:
        lines += [_line(row, kind) for kind in _NAMES]
    return "\n".join([*lines, "", *_facts(result)])


def _line(row: dict[str, Any], kind: str) -> str:
    one = row[kind]
    times = f"{one['p50_ms'] / row['raw']['p50_ms']:9.2f}" if kind != "raw" else ""
    return (
        f"{row['in_flight']:>9}  {_NAMES[kind]:<28} {one['p50_ms']:8.2f} {one['p99_ms']:8.2f} {one['max_ms']:8.2f} "
        f"{one['rate']:9,.0f} {times}"
    ).rstrip()


def _facts(result: dict[str, Any]) -> list[str]:
    syncs, cpu = result["syncs_in_the_path"], result["cpu_ms_per_command"]
    most = result["flights"][-1]["in_flight"]
    path = (
        f"in the path: {syncs['server']} sync of the server's disk, {syncs['device']} of the device's; "
        f"signing {result['sign_ms']:.3f} ms, checking {result['verify_ms']:.3f} ms"
    )
    stalls = result["stalls"]
    where = f"raw {stalls['raw']}, to the stream {stalls['seen']}, to the answer {stalls['answered']}"
    return [
        f"stalls: {sum(stalls.values())} ({where}: {STALL_MS:.0f} ms or more with the fewest in flight, of {result['stalls_of']:,})",
        path,
        f"processor time a command at {most} in flight: " + ", ".join(f"{name} {ms:.2f} ms" for name, ms in cpu.items()),
    ]
