"""The detector: many series in one pass, without look-ahead, in memory of a fixed size for each."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from streams.trends.detector.alarm import decide
from streams.trends.detector.many import advance_many
from streams.trends.detector.one import observe_one
from streams.trends.detector.rounds import rounds
from streams.trends.detector.settings import Settings
from streams.trends.detector.state import (
    BASELINE,
    CHANNELS,
    COUNT,
    HOURS,
    REST,
    TAIL,
    THETA,
    Bools,
    DetectorState,
    Floats,
    Ints,
)
from streams.trends.detector.step import Excesses, usual_pace
from streams.trends.detector.tail import score_excesses

FEW = 8
"""Calls below this many observations take the plain form of the step; measured by `tests/bench/detector_cost.py`."""

MOST = 5000
"""Larger calls are worked off in pieces of this size: what is held in between stays in the cache; measured likewise."""

LARGEST_VALUE = 1e100
"""Values beyond are taken as this, so that squares and sums of squares stay finite."""

_LATEST = 2.0**53
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Observed:
    """What became of each observation of a call, in the call's order.

    `tail` is the score s of the most surprising channel (−log10 of a tail probability, 0–8), `score` what of it lies
    above the series' threshold (0 while it rests), `alarm` whether that reached the bar. `channel` is 1–6, 0 if no
    channel exceeded its limit; of equals the first. `baseline` is what was expected: the long average, for channels
    4–6 that of the hour. `residual` is the signed deviation from it: of the value (1, 4) or of its level (others).
    """

    score: Floats
    alarm: Bools
    channel: np.ndarray[tuple[int], np.dtype[np.int8]]
    tail: Floats
    baseline: Floats
    residual: Floats

    @property
    def direction(self) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
        """1 where the residual points up, −1 down, 0 where there is none."""
        return np.sign(self.residual).astype(np.int8)

    @classmethod
    def empty(cls, size: int) -> Self:
        return cls(
            score=np.zeros(size),
            alarm=np.zeros(size, dtype=np.bool_),
            channel=np.zeros(size, dtype=np.int8),
            tail=np.zeros(size),
            baseline=np.zeros(size),
            residual=np.zeros(size),
        )


class Detector:
    """Point-and-shift detection over many series, by slot: whoever calls decides which series has which slot.

    Results depend on the observations of each series and their order alone, to the last bit: not on which series
    share a call, nor on how large it is. Capacity grows as slots are used; slots are dense, from 0.
    """

    def __init__(self, settings: Settings, capacity: int = 1024) -> None:
        self.settings = settings
        self.state = DetectorState(capacity)
        self._pace = usual_pace()

    def observe(
        self,
        slots: Ints,
        values: Floats,
        seconds: Floats,
        floors: Floats | None = None,
        settings: Settings | None = None,
    ) -> Observed:
        """Takes in one value for each entry of `slots` (n), in order, and says what it thinks of it.

        `seconds` are Unix times, of which only the hour of the day (UTC) counts. `floors` are the fractions of the
        baseline below which a difference is none (eps: prices and numbers differ); the settings' number floor if left
        out. `settings` are others than the detector's own, for this call. A slot may occur several times. Raises
        ValueError, with the state as it was, for arrays of unequal length, negative slots, and values, times or
        floors that are no finite numbers.
        """
        settings = settings or self.settings
        if floors is None:
            floors = np.full(len(slots), settings.number_floor)
        _check(slots, values, seconds, floors)
        if not len(slots):
            return Observed.empty(0)
        values = np.minimum(np.maximum(values, -LARGEST_VALUE), LARGEST_VALUE)
        hours = np.floor(seconds).astype(np.intp) // _HOUR % HOURS
        self.state.reserve(int(slots.max()) + 1)
        observed = Observed.empty(len(slots))
        for part in [slice(None)] if len(slots) < FEW else rounds(slots, MOST):
            once = slots[part]
            step = self._observe_few if len(once) < FEW else self._observe_many
            step(part, observed, once, values[part], hours[part], floors[part], settings)
        return observed

    def _observe_few(
        self,
        part: Ints | slice,
        observed: Observed,
        slots: Ints,
        values: Floats,
        hours: Ints,
        floors: Floats,
        settings: Settings,
    ) -> None:
        each = zip(slots.tolist(), values.tolist(), hours.tolist(), floors.tolist(), strict=True)
        seen = [observe_one(self.state, *one, settings, self._pace) for one in each]
        observed.score[part], observed.alarm[part] = [one.score for one in seen], [one.alarm for one in seen]
        observed.tail[part], observed.channel[part] = [one.tail for one in seen], [one.channel for one in seen]
        observed.baseline[part] = [one.baseline for one in seen]
        observed.residual[part] = [one.residual for one in seen]

    def _observe_many(
        self,
        part: Ints | slice,
        observed: Observed,
        slots: Ints,
        values: Floats,
        hours: Ints,
        floors: Floats,
        settings: Settings,
    ) -> None:
        pulse, seasons = self.state.pulse, self.state.season.reshape(-1, 2)
        bins = slots * HOURS + hours
        season = seasons.take(bins, axis=0)
        now = np.ascontiguousarray(pulse.take(slots, axis=0).T)
        np.copyto(now[BASELINE], values, where=now[COUNT] == 0)
        expected = now[BASELINE].copy()
        now[COUNT] += 1.0
        residuals, excesses = advance_many(now, season, values, floors, self._pace)
        tail, channel = self._strongest(slots, now[COUNT], excesses, settings)
        observed.score[part], observed.alarm[part] = decide(now[THETA], now[REST], tail, settings)
        observed.tail[part], observed.channel[part] = tail, channel
        observed.baseline[part], observed.residual[part] = _deviation(values, expected, residuals, channel)
        pulse[slots] = now.T
        seasons[bins] = season

    def _strongest(self, slots: Ints, counts: Floats, excesses: Excesses, settings: Settings) -> tuple[Floats, Ints]:
        """Scores the excesses, with their tails' memory; per series the highest score and its channel (1–6, or 0)."""
        tail, channel = np.zeros(len(slots)), np.zeros(len(slots), dtype=np.intp)
        if not len(excesses.series):
            return tail, channel
        tails = self.state.tail.reshape(-1, TAIL)
        places = slots.take(excesses.series) * CHANNELS + excesses.channel
        rows = tails.take(places, axis=0)
        counts = counts.take(excesses.series)
        scores = score_excesses(rows, counts, excesses.size, excesses.scale, settings.warm_up)
        tails[places] = rows
        # Later assignments win: from low to high, and of equals (excesses come by channel) the first channel last.
        order = np.argsort(scores[::-1], kind="stable")
        series = excesses.series[::-1][order]
        tail[series] = scores[::-1][order]
        channel[series] = excesses.channel[::-1][order] + 1
        return tail, channel


def _deviation(values: Floats, expected: Floats, residuals: Floats, channel: Ints) -> tuple[Floats, Floats]:
    """What the strongest channel expected, and how far off it was; without a channel the plain difference."""
    residual = residuals[0].copy()
    said = np.flatnonzero(channel)
    residual[said] = residuals[channel[said] - 1, said]
    seasonal = np.flatnonzero(channel > CHANNELS // 2)
    expected[seasonal] = values[seasonal] - residuals[CHANNELS // 2, seasonal]
    return expected, residual


def _check(slots: Ints, values: Floats, seconds: Floats, floors: Floats) -> None:
    if not len(slots) == len(values) == len(seconds) == len(floors):
        raise ValueError("slots, values, seconds and floors must be of one length")
    if len(slots) and slots.min() < 0:
        raise ValueError("slots can't be negative")
    if not np.isfinite(values).all():
        raise ValueError("values must be finite: leave out what is missing")
    if not (np.abs(seconds) <= _LATEST).all():
        raise ValueError("seconds must be finite Unix times")
    if not ((floors >= 0) & np.isfinite(floors)).all():
        raise ValueError("floors must be finite and not negative")
