"""How long to wait before trying again: full jitter under a doubling ceiling.

Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: the full-jitter variant spreads a herd best.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Delays in seconds, each random between nothing and a ceiling that doubles from `first_s` to `cap_s`.

    The ceiling falls back to the first only after the link has been up for `stable_s`: a link that comes and goes is not hurried.
    `uniform(low, high)` is the randomness.
    """

    uniform: Callable[[float, float], float]
    first_s: float = 1.0
    cap_s: float = 60.0
    stable_s: float = 120.0
    failures: int = 0

    def next_s(self) -> float:
        """The next delay, in seconds."""
        ceiling = min(self.cap_s, self.first_s * 2.0 ** min(self.failures, 32))
        self.failures += 1
        return self.uniform(0.0, ceiling)

    def was_up(self, for_s: float) -> None:
        """Tell how long the link had been up when it was lost."""
        if for_s >= self.stable_s:
            self.failures = 0
