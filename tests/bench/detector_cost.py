"""Cost of an observation, beside the least that any detector could do: `python -m tests.bench.detector_cost`.

The plain average gathers a mean and a deviation per key, updates both and writes them back, with the same numpy; the
ratio to it says more than nanoseconds on somebody else's machine. Both see the same values, in turn.
"""

import sys
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter

import numpy as np

from streams.trends.detector import FEW_KEYS, Detector
from streams.trends.detector.state import Floats, Ints

Update = Callable[[Ints, Floats, Floats], object]

BAR = 400.0
_KEYS = 10_000
_WARM_UP = 300
_SIZES = {10_000: 60, 1_000: 100, 100: 400, 20: 400, 4: 400, 1: 400}


class PlainAverage:
    """An exponentially weighted mean and deviation per key: what there is to beat."""

    def __init__(self, keys: int) -> None:
        self._state: Floats = np.zeros((keys, 2))

    def update(self, slots: Ints, values: Floats, seconds: Floats) -> Floats:
        """The score of a windowed Gaussian, as NAB's baseline has it."""
        state = self._state.take(slots, axis=0)
        away = values - state[:, 0]
        score = np.abs(away) / (state[:, 1] + 1e-9)
        state[:, 0] += 0.001 * away
        state[:, 1] += 0.001 * (np.abs(away) - state[:, 1])
        self._state[slots] = state
        return score


def _calls(size: int, shuffled: bool) -> Iterator[tuple[Ints, Floats, Floats]]:
    random = np.random.default_rng(1)
    for call in range(_WARM_UP + _SIZES[size]):
        slots = random.permutation(_KEYS)[:size] if shuffled else np.arange(size)
        yield slots, 100 + random.normal(size=size), np.full(size, call * 60.0)


def _seconds(update: Update, slots: Ints, values: Floats, seconds: Floats) -> float:
    start = perf_counter()
    update(slots, values, seconds)
    return perf_counter() - start


def measure(size: int, shuffled: bool = False) -> tuple[float, float, float]:
    """ns per observation in calls of that size: the detector's median and best, and the plain average's median."""
    detector, plain = Detector(FEW_KEYS, _KEYS), PlainAverage(_KEYS)
    ours, theirs = [], []
    for call in _calls(size, shuffled):
        ours.append(_seconds(detector.observe, *call))
        theirs.append(_seconds(plain.update, *call))
    scale = 1e9 / size
    return median(ours[_WARM_UP:]) * scale, min(ours[_WARM_UP:]) * scale, median(theirs[_WARM_UP:]) * scale


def main() -> None:
    """Prints the table; the bar is for 10,000 keys a call."""
    write = sys.stdout.write
    write(f"ns per observation, numpy {np.__version__}, one core; bar at 10,000 keys a call: {BAR:g}\n")
    write(f"{'observations a call':24}{'detector':>10}{'best':>10}{'plain average':>15}{'ratio':>8}\n")
    for size, shuffled in [(10_000, False), (10_000, True), *((size, False) for size in _SIZES if size < 10_000)]:
        middle, best, plain = measure(size, shuffled)
        name = f"{size:,}{', random order' if shuffled else ''}"
        write(f"{name:24}{middle:10.0f}{best:10.0f}{plain:15.0f}{middle / plain:8.1f}\n")


if __name__ == "__main__":
    main()
