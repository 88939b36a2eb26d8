"""Splits a call: a vectorised step may touch each slot only once, and works best on what fits the processor's cache."""

from collections.abc import Iterator

import numpy as np

from streams.trends.detector.state import Ints


def rounds(slots: Ints, most: int) -> Iterator[Ints | slice]:
    """Positions of the first occurrence of every slot, then of every second one, and so on; at most `most` at a time.

    Slots that rise already come as slices, so that nothing is copied; others are sorted within a round, so that the
    memory is walked in one direction.
    """
    if (slots[1:] > slots[:-1]).all():
        for start in range(0, len(slots), most):
            yield slice(start, start + most)
        return
    for positions in _by_occurrence(slots):
        for start in range(0, len(positions), most):
            yield positions[start : start + most]


def _by_occurrence(slots: Ints) -> list[Ints]:
    order = np.argsort(slots)
    if (np.diff(slots[order]) != 0).all():
        return [order]
    order = np.argsort(slots, kind="stable")
    starts = np.flatnonzero(np.diff(slots[order], prepend=-1) != 0)
    lengths = np.diff(starts, append=len(slots))
    occurrence = np.arange(len(slots)) - np.repeat(starts, lengths)
    by_round = np.argsort(occurrence, kind="stable")
    return np.split(order[by_round], np.flatnonzero(np.diff(occurrence[by_round])) + 1)
