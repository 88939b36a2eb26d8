"""Random streams that tests of the trends stage share: levels with noise, jumps, outliers and ties."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def walks(seed: int, observations: int, series: int) -> Floats:
    """(observations, series): noisy levels that jump now and then; every third series is rounded, so values repeat."""
    random = np.random.default_rng(seed)
    shape = (observations, series)
    jumps = np.where(random.random(shape) < 0.004, random.normal(size=shape) * 25, 0.0)
    hour = np.sin(np.arange(observations) / 24 * 2 * np.pi)[:, None] * 4
    values: Floats = 100 + np.cumsum(jumps, axis=0) + hour + random.standard_t(3, size=shape)
    values = np.where(random.random(shape) < 0.004, values * 2, values)
    values[:, ::3] = np.round(values[:, ::3] / 4) * 4
    return values


def noisy_prices(seed: int, observations: int, series: int, noise: float, *, normal: bool) -> tuple[Floats, Floats]:
    """Base prices (series) and what is seen of them (observations, series), in cents, with that relative noise."""
    random = np.random.default_rng(seed)
    base = np.round(random.uniform(5, 500, series), 2)
    shape = (observations, series)
    wobble = random.normal(size=shape) * noise if normal else random.uniform(-noise, noise, shape)
    return base, 1 + wobble
