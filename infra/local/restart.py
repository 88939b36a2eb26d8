"""When a program that crashed is started again, and when it is left down."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class RestartPolicy:
    """Exponential back-off with jitter, and an end: five crashes within a minute are no accident.

    Times in seconds. The jitter keeps programs that one fault brought down from returning all at once.
    """

    first_s: float = 0.2
    longest_s: float = 10.0
    crashes: int = 5
    within_s: float = 60.0

    def delay(self, crashes: Sequence[float], now: float, chance: float) -> float | None:
        """How long to wait before the next start; None when it should stay down.

        `crashes` are the times of all crashes so far, oldest first; `chance` is uniform in [0, 1). Crashes longer ago
        than `within_s` are forgiven: a program that ran well for a minute starts again as if it were its first crash.
        """
        recent = sum(1 for at in crashes if now - at < self.within_s)
        if recent >= self.crashes:
            return None
        longest = min(self.longest_s, self.first_s * 2.0 ** max(0, recent - 1))
        return longest * (0.5 + chance / 2)


DEFAULT_POLICY = RestartPolicy()
