"""How much happened in each of the last seconds."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

WINDOW_S = 300
"""What the charts show: the last five minutes."""

_SLACK_S = 20


class RateRing:
    """Amounts by whole second, for a little more than WINDOW_S seconds; the memory is fixed.

    Amounts may come in any order: each goes to the second it names. One that is older than the ring is left out.
    """

    __slots__ = ("_amounts", "_seconds", "_size")

    def __init__(self, window: int = WINDOW_S) -> None:
        self._size = window + _SLACK_S
        self._amounts: Floats = np.zeros(self._size)
        self._seconds = np.full(self._size, -1, dtype=np.int64)

    def add(self, second: int, amount: float = 1.0) -> None:
        """Counts `amount` in the given epoch second."""
        cell = second % self._size
        held = self._seconds[cell]
        if held < second:
            self._seconds[cell] = second
            self._amounts[cell] = amount
        elif held == second:
            self._amounts[cell] += amount

    def spread(self, start: float, end: float, amount: float) -> None:
        """Counts `amount` evenly over the time from `start` to `end` (epoch seconds), as a counter's growth is."""
        if end <= start:
            self.add(int(end), amount)
            return
        pace = amount / (end - start)
        moment = max(start, end - self._size)
        while moment < end:
            until = min(float(int(moment) + 1), end)
            self.add(int(moment), pace * (until - moment))
            moment = until

    def window(self, last: int, seconds: int = WINDOW_S) -> Floats:
        """The amounts of `seconds` seconds up to and including `last`, oldest first; 0 where nothing happened."""
        wanted = np.arange(last - seconds + 1, last + 1)
        cells = wanted % self._size
        return np.where(self._seconds[cells] == wanted, self._amounts[cells], 0.0)

    def rate(self, now: float, over: int = 5) -> float:
        """Amount a second over the last `over` seconds, the running second included; the oldest counts in part."""
        current = int(now)
        amounts = self.window(current, over + 1)
        return float(amounts[0] * (1.0 - (now - current)) + amounts[1:].sum()) / over
