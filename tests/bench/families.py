"""Series of which the next values are known, because they are made: what forecasts are held against."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Random = np.random.Generator


@dataclass(frozen=True)
class Family:
    """A kind of series: `made` gives `size + horizon` values (NaN for nothing); `season` is 1 for none, as whoever made
    it knows. The last `horizon` of them are what is to be forecast."""

    size: int
    horizon: int
    season: int
    made: Callable[[Random, int], Floats]


def _season(random: Random, count: int, length: int, size: float = 1.0) -> Floats:
    shape = random.normal(size=length).cumsum()
    shape -= np.linspace(shape[0], shape[-1], length)
    return np.asarray(size * np.tile((shape - shape.mean()) / (shape.std() or 1.0), count // length + 1)[:count])


def _correlated(random: Random, count: int, phi: float = 0.7) -> Floats:
    noise = random.normal(size=count)
    for place in range(1, count):
        noise[place] += phi * noise[place - 1]
    return noise


def _trend_season(random: Random, count: int) -> Floats:
    line = np.arange(count) * random.uniform(-0.05, 0.1)
    return np.asarray(50 + line + _season(random, count, 7, random.uniform(1, 4)) + random.normal(size=count))


def _daily(random: Random, count: int) -> Floats:
    return 100 + _season(random, count, 24, random.uniform(3, 10)) + 2 * _correlated(random, count, 0.5)


def _shifts(random: Random, count: int) -> Floats:
    steps = np.where(random.random(count) < 0.015, random.normal(0, 8, count), 0.0)
    return np.asarray(20 + steps.cumsum() + random.normal(size=count))


def _walk(random: Random, count: int) -> Floats:
    return np.asarray(100 + random.normal(random.uniform(-0.1, 0.1), 1, count).cumsum())


def _intermittent(random: Random, count: int) -> Floats:
    there = random.random(count) < random.uniform(0.1, 0.5)
    return np.asarray(np.where(there, 1 + random.poisson(random.uniform(0.5, 5), count), 0), np.float64)


def _heavy(random: Random, count: int) -> Floats:
    return np.asarray(30 + _season(random, count, 7) + random.standard_t(2.5, count))


def _skewed(random: Random, count: int) -> Floats:
    return np.asarray(random.lognormal(1.0, 0.8, count))


def _short(random: Random, count: int) -> Floats:
    return np.asarray(10 + np.arange(count) * random.uniform(-0.5, 0.5) + _correlated(random, count, 0.4))


def _gaps(random: Random, count: int) -> Floats:
    values = _trend_season(random, count)
    values[random.random(count) < 0.15] = np.nan
    begin = int(random.integers(10, count - 40))
    values[begin : begin + int(random.integers(2, 12))] = np.nan
    return values


def _records(random: Random, count: int) -> Floats:
    """Records a day of a site that is crawled on working days mostly, grows, and is down now and then."""
    week = np.array([1.0, 1.05, 1.0, 0.95, 0.9, random.uniform(0.1, 0.5), random.uniform(0.05, 0.4)])
    growth = np.exp(np.arange(count) * random.uniform(-0.001, 0.003))
    rate = random.uniform(50, 3000) * week[np.arange(count) % 7] * growth * random.lognormal(0, 0.12, count)
    return np.asarray(random.poisson(rate * np.where(random.random(count) < 0.02, 0.2, 1.0)), np.float64)


def _hourly(random: Random, count: int) -> Floats:
    """Records an hour: a day's course, weaker at weekends."""
    hour = np.arange(count)
    day = 1.2 + np.sin(2 * np.pi * (hour + random.integers(24)) / 24)
    rate = random.uniform(20, 200) * day * np.where(hour // 24 % 7 > 4, random.uniform(0.3, 0.8), 1.0)
    return np.asarray(random.poisson(rate * random.lognormal(0, 0.15, count)), np.float64)


FAMILIES = {
    "trend, weekly season, noise": Family(150, 14, 7, _trend_season),
    "daily season, correlated noise": Family(400, 24, 24, _daily),
    "level shifts": Family(200, 10, 1, _shifts),
    "random walk": Family(200, 14, 1, _walk),
    "correlated (AR 0.7)": Family(150, 10, 1, lambda random, count: 10 + _correlated(random, count)),
    "intermittent counts": Family(150, 14, 1, _intermittent),
    "heavy tails (t, 2.5), weekly": Family(150, 14, 7, _heavy),
    "log-normal": Family(120, 10, 1, _skewed),
    "short (20 values)": Family(20, 5, 1, _short),
    "very short (10 values)": Family(10, 4, 1, _short),
    "trend and season with gaps": Family(150, 14, 7, _gaps),
    "constant": Family(60, 10, 1, lambda random, count: np.full(count, float(random.integers(0, 100)))),
    "records a day": Family(180, 14, 7, _records),
    "records a day, eight weeks": Family(56, 14, 7, _records),
    "records an hour": Family(700, 48, 168, _hourly),
}
