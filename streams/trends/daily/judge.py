"""What the days of a series say once one more is over: a level that changed, a slow trend that began or ended."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from streams.trends.daily import changepoints, slopes
from streams.trends.daily.company import Company
from streams.trends.daily.days import AGE, LENGTH, RUN, SLOPE, Days
from streams.trends.detector.state import Ints

FALSE_SHARE = 0.01
"""Of the slow trends that are told, so many may be none."""

LEAST_CHANGE = 0.02
"""A slow trend moves a level by this fraction at least over the days that it was seen."""

_OVER = 0.2
"""p from which on a slow trend is over."""

_PIECE = 256


@dataclass(frozen=True, slots=True)
class Daily:
    """Of the series in `slot`: which level became which, how surely (−log10 p), over which daily medians; the id of the
    slow trend that it ends, if it does."""

    slot: int
    detector: Literal["change_point", "slow_trend"]
    closes: str
    score: float
    before: float
    after: float
    values: tuple[float, ...]


def judge(days: Days, slots: Ints, company: Company) -> list[Daily]:
    """For series of which a day has just ended; in the order of `slots`, each once. `days.meta` is moved on."""
    found: list[Daily] = []
    for start in range(0, len(slots), _PIECE):
        piece = slots[start : start + _PIECE]
        levels = _levels(days, piece)
        found += levels
        found += _slopes(days, piece[days.meta[piece, RUN] >= slopes.LEAST], company)
    return found


def _levels(days: Days, slots: Ints) -> list[Daily]:
    old_enough = slots[days.meta[slots, LENGTH] >= 2 * changepoints.SIDE]
    if not len(old_enough):
        return []
    lengths = days.meta[old_enough, LENGTH].astype(np.intp)
    ages = days.meta[old_enough, AGE]
    values = days.ring[old_enough].astype(np.float64)
    ratios, splits = changepoints.changes(values, lengths, ages)
    found = []
    for index in np.flatnonzero(ratios > 1.0).tolist():
        slot, split, ring = int(old_enough[index]), int(splits[index]), values[index]
        old, new = ring[len(ring) - lengths[index] : split], ring[split:]
        strength = float(ratios[index]) * 2.0 * float(np.sqrt(2.0 * np.log(ages[index])))
        around = tuple(ring[max(split - 10, len(ring) - int(lengths[index])) :][:20].tolist())
        entry = (_score(strength), float(np.median(old)), float(np.median(new)), around)
        if days.meta[slot, SLOPE] * (new.mean() - old.mean()) > 0:
            continue  # it is the slow trend that was told, going on
        if days.meta[slot, SLOPE]:
            found.append(Daily(slot, "slow_trend", days.told_as(slot), *entry))
        found.append(Daily(slot, "change_point", "", *entry))
        days.meta[slot, [LENGTH, AGE]] = len(new)
        days.meta[slot, RUN] = min(len(new), slopes.KEPT)
        days.meta[slot, SLOPE] = 0.0
    return found


def _score(strength: float) -> float:
    """−log10 of 2·exp(−d²/2), a bound of the normal tail, 8 at most."""
    return float(min(8.0, max(0.0, strength * strength / 2 / np.log(10) - np.log10(2))))


def _slopes(days: Days, slots: Ints, company: Company) -> list[Daily]:
    if not len(slots):
        return []
    lengths = days.meta[slots, RUN].astype(np.intp)
    values = days.ring[slots, -slopes.KEPT :].astype(np.float64)
    numbers = days.numbers[slots].astype(np.float64)
    p, slope = slopes.slopes(values, numbers, lengths)
    found = []
    for index, slot in enumerate(slots.tolist()):
        told = days.meta[slot, SLOPE]
        direction = float(np.sign(slope[index]))
        shown = values[index, slopes.KEPT - lengths[index] :]
        believed = company.believes(float(p[index]), int(numbers[index, -1]), FALSE_SHARE)
        middle = float(np.median(shown))
        reach = float(slope[index]) * (numbers[index, -1] - numbers[index, -lengths[index]])
        entry = (_minus_log(p[index]), middle - reach / 2, middle + reach / 2, tuple(shown[-20:].tolist()))
        if told and (p[index] > _OVER or direction == -told):
            found.append(Daily(slot, "slow_trend", days.told_as(slot), *entry))
            days.meta[slot, SLOPE] = 0.0
        elif not told and believed and abs(reach) >= LEAST_CHANGE * abs(middle):
            found.append(Daily(slot, "slow_trend", "", *entry))
            days.meta[slot, SLOPE] = direction
    return found


def _minus_log(p: float) -> float:
    return float(min(8.0, -np.log10(max(p, 1e-8))))
