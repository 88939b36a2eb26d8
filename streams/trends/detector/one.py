"""One observation in plain floats: for a handful of series numpy's cost per call would outweigh the work.

The same arithmetic in the same order as the vectorised form (`many.py`, `tail.py`, `alarm.py`), which explains it:
both give the same bits, so the size of a call changes nothing.
"""

from typing import NamedTuple

from streams.trends.detector.one_tail import score_one
from streams.trends.detector.settings import Settings
from streams.trends.detector.state import CHANNELS, LIMIT, MEAN, SCALE, DetectorState
from streams.trends.detector.step import Pace
from streams.trends.detector.tail import EXCEEDED

_Row = list[float]


class Seen(NamedTuple):
    """One entry of `Observed`, its fields in the same order."""

    score: float
    alarm: bool
    channel: int
    tail: float
    baseline: float
    residual: float


def observe_one(
    state: DetectorState, slot: int, value: float, hour: int, floor: float, settings: Settings, pace: Pace
) -> Seen:
    """Takes in one value of the series in `slot`, as `Detector.observe` would."""
    row: _Row = state.pulse[slot].tolist()
    season: _Row = state.season[slot, hour].tolist()
    if row[0] == 0:
        row[1] = value
    row[0] += 1.0
    baseline = row[1]
    residuals = _residuals(row, season, value, pace)
    tail, channel = 0.0, 0
    for index, excess, scale in _limits(row, residuals, pace):
        unit = max(scale, floor * abs(baseline))
        scored = score_one(state.tail[slot, index], row[0], excess, unit, settings.warm_up)
        if scored > tail or not channel:
            tail, channel = scored, index + 1
    score, alarm = _decide(row, tail, settings)
    state.pulse[slot] = row
    state.season[slot, hour] = season
    if channel > CHANNELS // 2:
        baseline = value - residuals[CHANNELS // 2]
    return Seen(score, alarm, channel, tail, baseline, residuals[max(channel - 1, 0)])


def _residuals(row: _Row, season: _Row, value: float, pace: Pace) -> _Row:
    inverse = 1.0 / row[0]
    baseline = row[1]
    from_baseline = value - baseline
    from_season = value - (season[0] if season[1] > 0 else baseline)
    season[1] += 1.0
    season[0] += max(pace.season, 1.0 / season[1]) * (value - season[0])
    fast, slow = max(pace.levels[0], inverse), max(pace.levels[1], inverse)
    row[2] += fast * (value - row[2])
    row[3] += slow * (value - row[3])
    row[4] += fast * (from_season - row[4])
    row[5] += slow * (from_season - row[5])
    row[1] += max(pace.baseline, inverse) * from_baseline
    return [from_baseline, row[2] - baseline, row[3] - baseline, from_season, row[4], row[5]]


def _limits(row: _Row, residuals: _Row, pace: Pace) -> list[tuple[int, float, float]]:
    """Moves the limits on; returns (channel, excess, scale before) of those that were exceeded."""
    gain = max(pace.memory, 1.0 / row[0])
    step = pace.steps.item(min(int(row[0]), len(pace.steps) - 1))
    exceeded = []
    for channel, residual in enumerate(residuals):
        limit, scale, mean = LIMIT.start + channel, SCALE.start + channel, MEAN.start + channel
        size = abs(residual)
        over = size > row[limit]
        if over:
            exceeded.append((channel, size - row[limit], row[scale]))
        away = size - row[mean]
        row[mean] += gain * away
        row[scale] += gain * (abs(away) - row[scale])
        row[limit] += row[scale] * step * (1.0 - EXCEEDED if over else -EXCEEDED)
    return exceeded


def _decide(row: _Row, tail: float, settings: Settings) -> tuple[float, bool]:
    theta, rest = max(row[6] - settings.toll * settings.budget, 0.0), row[7]
    score = max(tail - theta, 0.0) if rest <= 0 else 0.0
    alarm = score >= settings.bar
    row[6] = theta + settings.toll if alarm else theta
    row[7] = float(settings.rest) if alarm else max(rest - 1.0, 0.0)
    return score, alarm
