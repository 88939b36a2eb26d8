"""One recursion for all ways of forecasting, side by side: a column of a matrix each.

Exponential smoothing in its error-correction form holds most of what is tried (Hyndman, Koehler, Snyder, Grose, 2002,
"A state space framework for automatic forecasting using exponential smoothing methods"): with level l, trend b and
season s, each value y teaches by its error e = y − (l + φb + s),

    l ← l + φb + αe,   b ← φb + αβe,   s ← s + γe.

α = 1 alone is the naive forecast and γ = 1 alone the seasonal naive; φ < 1 damps the trend (Gardner, McKenzie, 1985,
"Forecasting trends in time series"); with a season it is Holt–Winters' additive way (Winters, 1960, "Forecasting sales
by exponentially weighted moving averages"). A drift from all values so far is added for some columns: half the slope of
the line through them is Theta (Assimakopoulos, Nikolopoulos, 2000, "The theta model"; in the form of Hyndman, Billah,
2003, "Unmasking the Theta method"), the slope from the first to the last of them is the drift method.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from api.services.analytics.seasons import Bools, Floats

Ints = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Way:
    """One column. `season` is 1 for none, `share` how much of the drift is added, `ends` whether that drift is from the
    first to the last value and not the fitted line's."""

    name: str
    alpha: float
    beta: float = 0.0
    phi: float = 0.0
    gamma: float = 0.0
    season: int = 1
    share: float = 0.0
    ends: bool = False


def ways(seasons: Sequence[int]) -> list[Way]:
    """All that is tried, the plainest first: of two that forecast equally well the first is chosen."""
    found = [
        Way("naive", 1.0),
        Way("mean", 0.0),
        Way("drift", 1.0, share=1.0, ends=True),
        *(Way("exponential smoothing", alpha) for alpha in (0.05, 0.1, 0.2, 0.4, 0.7)),
        *(Way("Theta", alpha, share=0.5) for alpha in (0.1, 0.3, 0.6, 0.9)),
        *(Way("linear trend", alpha, share=1.0) for alpha in (0.1, 0.4)),
    ]
    found += [
        Way("damped trend", alpha, beta, phi)
        for alpha in (0.2, 0.5, 0.9)
        for beta in (0.1, 0.3)
        for phi in (0.8, 0.9, 0.98)
    ]
    for season in seasons:
        found.append(Way("seasonal naive", 0.0, gamma=1.0, season=season))
        for alpha in (0.02, 0.1, 0.3, 0.7):
            for gamma in (0.05, 0.2, 0.5):
                weight = gamma * (1 - alpha)
                found.append(Way("Holt–Winters", alpha, gamma=weight, season=season))
                found.append(Way("Holt–Winters", alpha, 0.1, 0.98, weight, season))
            weight = 0.1 * (1 - alpha)
            found.append(Way("seasonal Theta", alpha, gamma=weight, season=season, share=0.5))
            found.append(Way("Holt–Winters", alpha, 0.05, 1.0, weight, season))
    return found


def told(values: Floats, known: Bools, ways: Sequence[Way], origins: Ints, steps: Ints) -> Floats:
    """What each way says at each origin (the last bucket it knows) for each step ahead: (origins, steps, ways).

    `values` (n) is whole, but where `known` is false nothing is learnt. O(n · ways + origins · steps · ways).
    """
    alpha, beta, phi, gamma = (
        np.array([getattr(way, name) for way in ways]) for name in ("alpha", "beta", "phi", "gamma")
    )
    length = np.array([way.season for way in ways], dtype=np.intp)
    base = np.concatenate([[0], np.cumsum(length)[:-1]])
    level, trend, season = _begun(values, ways)
    plain = length == 1
    alpha_beta = alpha * beta
    at_origin = {int(origin): place for place, origin in enumerate(origins)}
    said = np.empty((len(origins), len(steps), len(ways)))
    damped = np.cumsum(phi[None, :] ** np.arange(1, int(steps.max()) + 1)[:, None], axis=0)[steps - 1]
    learnt = 0
    for bucket, (value, there) in enumerate(zip(values.tolist(), known.tolist(), strict=True)):
        place = base + bucket % length
        drifted = phi * trend
        level = level + drifted
        trend = drifted
        if there:
            learnt += 1
            error = value - level - season[place]
            # The first values count alike, as in a mean, until their share is that of the way.
            warm = np.where(plain, np.maximum(alpha, 1 / learnt), alpha)
            level = level + warm * error
            trend = trend + alpha_beta * error
            season[place] += gamma * error
        row = at_origin.get(bucket)
        if row is not None:
            ahead = season[base + (bucket + steps[:, None]) % length]
            said[row] = level + trend * damped + ahead
    return said + _drift(values, known, ways, origins, steps)


def _begun(values: Floats, ways: Sequence[Way]) -> tuple[Floats, Floats, Floats]:
    """Level, trend and season before the first value: of two cycles for what has a season, from nothing otherwise."""
    level, trend = np.full(len(ways), values[0]), np.zeros(len(ways))
    states: dict[int, tuple[float, float, Floats]] = {1: (float(values[0]), 0.0, np.zeros(1))}
    parts = []
    for column, way in enumerate(ways):
        m = way.season
        if m not in states:
            cycles = values[: 2 * m].reshape(2, m)
            slope = float(cycles[1].mean() - cycles[0].mean()) / m
            line = values[: 2 * m].mean() + slope * (np.arange(2 * m) - (2 * m - 1) / 2)
            states[m] = float(line[0] - slope), slope, (values[: 2 * m] - line).reshape(2, m).mean(axis=0)
        start, slope, season = states[m]
        # Without a trend the middle of both cycles is the better level to begin with.
        level[column] = start if way.phi or m == 1 else values[: 2 * m].mean()
        trend[column] = slope if way.phi else 0.0
        parts.append(season)
    return level, trend, np.concatenate(parts)


def _drift(values: Floats, known: Bools, ways: Sequence[Way], origins: Ints, steps: Ints) -> Floats:
    """What the drift adds: share · slope · (step − 1 + (1 − (1 − α)^n) / α), so that a level that lags behind a line
    by what its α makes it lag is put right."""
    at = np.arange(len(values), dtype=np.float64)
    weight = known.astype(np.float64)
    count, time, value = np.cumsum(weight), np.cumsum(weight * at), np.cumsum(weight * values)
    square, product = np.cumsum(weight * at * at), np.cumsum(weight * at * values)
    spread = count * square - time * time
    fitted = np.where(spread > 0, (count * product - time * value) / np.where(spread > 0, spread, 1.0), 0.0)[origins]
    first = int(known.argmax())
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), first))[origins]
    ends = np.where(last > first, (values[last] - values[first]) / np.maximum(last - first, 1), 0.0)
    alpha = np.array([max(way.alpha, 1e-9) for way in ways])
    share = np.array([way.share for way in ways])
    slope = np.where([way.ends for way in ways], ends[:, None], fitted[:, None])
    lag = (1 - (1 - alpha)[None, :] ** (origins[:, None] + 1.0)) / alpha
    return np.asarray((share * slope)[:, None, :] * (steps[None, :, None] - 1 + lag[:, None, :]))
