"""The device's pure core: its modules, and the tests that tell its rules one by one."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PURE: Final = ("acts", "boot", "clock", "core", "ledger", "link_loss", "memory", "records", "rules", "talk", "words")
UNITS: Final = ("acts", "boot", "clock", "ledger", "link_loss", "rules", "talk")
STORIES: Final = (
    *("core_commands", "core_leases", "core_boot", "core_interlock", "core_link_loss", "core_hello", "core_state"),
    *("core_faults", "core_buttons", "core_full_card", "core_lost_tail"),
)


def source_of(module: str) -> Path:
    """Where a module of the core stands."""
    return ROOT / "device" / f"{module}.py"


def files_of_tests(*names: str) -> tuple[str, ...]:
    """The paths of these test files, from the repository's root."""
    return tuple(f"tests/device/test_{name}.py" for name in names)
