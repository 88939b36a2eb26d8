"""Streams of which everything is known, because they are made: noise without events, and terms with planted bursts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streams.trends.detector import Detector, Settings
from streams.trends.terms.bursts import close_slot

Floats = npt.NDArray[np.float64]
Noise = Callable[[np.random.Generator, tuple[int, int]], Floats]


def _correlated(random: np.random.Generator, shape: tuple[int, int]) -> Floats:
    noise = random.normal(size=shape)
    for index in range(1, shape[0]):
        noise[index] += 0.6 * noise[index - 1]
    return noise


NOISES: dict[str, Noise] = {
    "normal": lambda random, shape: random.normal(size=shape),
    "heavy tails (t, 4)": lambda random, shape: random.standard_t(4, shape),
    "log-normal": lambda random, shape: random.lognormal(size=shape),
    "correlated (AR 0.6)": _correlated,
}


@dataclass(frozen=True)
class Silence:
    """What a detector said of noise: worst ratio of P(T ≥ b) to its nominal 6·10^−b, alarms per million observations,
    and whether the budget of alarms held at every observation of every series."""

    boldness: float
    alarms: float
    within_budget: bool


def silence(
    noise: Noise,
    settings: Settings,
    series: int = 400,
    observations: int = 2500,
    bars: Sequence[float] = (2.0, 2.5, 3.0, 3.5, 4.0),
) -> Silence:
    """Through series of noise around 100, the first hundred observations of each not counted for the tails."""
    values = 100 + noise(np.random.default_rng(5), (observations, series))
    detector, slots = Detector(settings, series), np.arange(series)
    tails, total, within = [], np.zeros(series), True
    for index, row in enumerate(values):
        seen = detector.observe(slots, row, np.full(series, index * 60.0))
        total += seen.alarm
        within &= bool((total <= settings.most_alarms(index + 1)).all())
        if index >= 100:
            tails.append(seen.tail)
    said = np.array(tails)
    boldness = max(float((said >= bar).mean()) / (6 * 10**-bar) for bar in bars)
    return Silence(boldness, float(total.sum()) / (series * observations) * 1e6, within)


@dataclass(frozen=True)
class Falls:
    """Of prices that fell for good so many were told within three observations and within thirty; and of all alarms so
    many were those."""

    at_once: float
    found: float
    false: int
    precision: float


def falls(noise: float, drop: float, settings: Settings, series: int = 2000, observations: int = 400) -> Falls:
    """Prices with that relative normal noise, in cents, read once an hour; every tenth falls once by that fraction."""
    random = np.random.default_rng(11)
    base = random.uniform(5, 500, series)
    wobble = 1 + noise * random.normal(size=(observations, series))
    fallen = random.permutation(series)[: series // 10]
    begins = np.full(series, 2 * observations)
    begins[fallen] = random.integers(100, observations - 30, len(fallen))
    number = np.arange(observations)[:, None]
    prices = np.round(base * np.where(number >= begins, 1 - drop, 1.0) * wobble, 2)
    detector, slots, floors = Detector(settings, series), np.arange(series), np.full(series, settings.price_floor)
    alarms = np.array(
        [detector.observe(slots, row, np.full(series, 3600.0 * hour), floors).alarm for hour, row in enumerate(prices)]
    )
    since = number - begins
    at_once, found = ((alarms & (since >= 0) & (since < within)).any(axis=0) for within in (3, 30))
    false = int((alarms & ~((since >= 0) & (since < 30))).sum())
    true = int(found.sum())
    return Falls(
        at_once=float(at_once[fallen].mean()),
        found=true / len(fallen),
        false=false,
        precision=true / (true + false) if true + false else float("nan"),
    )


@dataclass(frozen=True)
class Bursts:
    """Of planted bursts so many were found, so late; and so many terms a slot were told that had none."""

    recall: float
    delay: float
    false_a_slot: float
    average_precision: float


def bursts(surprise: float, terms: int = 2000, slots: int = 400, planted: int = 60) -> Bursts:
    """Terms of rates from 0.02 to 5 sources a slot; for eight slots each planted one has six sources more."""
    random = np.random.default_rng(3)
    rates = np.exp(random.uniform(np.log(0.02), np.log(5.0), terms))
    begins = np.full(terms, slots)
    begins[random.permutation(terms)[:planted]] = random.integers(60, slots - 10, planted)
    fast, slow = np.zeros(terms), np.zeros(terms)
    scores = np.zeros((slots, terms))
    for slot in range(slots):
        going = (slot >= begins) & (slot < begins + 8)
        scores[slot] = close_slot(fast, slow, random.poisson(rates + 6.0 * going).astype(np.float64), slot + 1)
    return _judged(scores, begins, surprise, planted)


def _judged(scores: Floats, begins: npt.NDArray[np.int_], surprise: float, planted: int) -> Bursts:
    slots = len(scores)
    number = np.arange(slots)[:, None]
    inside = (number >= begins) & (number < begins + 12)
    told = scores >= surprise
    fresh = told & ~np.vstack([np.zeros((1, told.shape[1]), dtype=bool), told[:-1]])
    found = (told & inside).any(axis=0)
    delays = (told & inside)[:, found].argmax(axis=0) - begins[found]
    best = np.where(inside, scores, 0.0).max(axis=0)[begins < slots]
    others = np.where(inside, 0.0, scores).max(axis=0)
    return Bursts(
        recall=float(found.sum()) / planted,
        delay=float(delays.mean()) if len(delays) else float("nan"),
        false_a_slot=float((fresh & ~inside).sum()) / slots,
        average_precision=_average_precision(best, others),
    )


def _average_precision(true: Floats, false: Floats) -> float:
    scores = np.concatenate([true, false])
    real = np.concatenate([np.ones(len(true)), np.zeros(len(false))])[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(real) / np.arange(1, len(real) + 1))[real > 0].mean())
