"""Times of one kind of work at one number in flight, gathered over all rounds. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

STALL_MS: Final = 40.0


@dataclass(slots=True)
class Samples:
    """Latencies in ms, and the time in s that all legs together took."""

    latencies_ms: list[float] = field(default_factory=list)
    lasted_s: float = 0.0

    def add(self, latencies_ms: Sequence[float], lasted_s: float) -> None:
        """Add one leg."""
        self.latencies_ms += latencies_ms
        self.lasted_s += lasted_s

    @property
    def rate(self) -> float:
        """How many a second were done."""
        return len(self.latencies_ms) / self.lasted_s if self.lasted_s else 0.0

    @property
    def stalls(self) -> int:
        """How many took as long as Nagle's algorithm and a delayed ACK do, or longer."""
        return sum(took >= STALL_MS for took in self.latencies_ms)

    def summary(self) -> dict[str, Any]:
        """Count, rate and percentiles. Raises ValueError when there is no sample."""
        ordered = sorted(self.latencies_ms)
        return {
            "count": len(ordered),
            "rate": round(self.rate, 1),
            "p50_ms": round(quantile(ordered, 0.5), 3),
            "p99_ms": round(quantile(ordered, 0.99), 3),
            "max_ms": round(ordered[-1], 3),
        }


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest of the ordered values that at least this share of them does not exceed. Raises ValueError for none."""
    if not ordered:
        raise ValueError("there is no sample")
    return ordered[max(0, -(-round(share * 1_000_000) * len(ordered) // 1_000_000) - 1)]
