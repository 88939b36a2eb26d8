"""Coefficients are scipy's, their intervals hold the truth as often as they say."""

import numpy as np
import pytest
from scipy import stats

from api.services.analytics.correlating import pairs, ranks

DICE = np.random.default_rng(7)


def test_coefficients_and_fisher_s_interval_are_scipy_s() -> None:
    x = DICE.normal(size=40)
    y = np.round(0.5 * x + DICE.normal(size=40), 1)
    y[3], x[7] = np.nan, np.nan
    (pair,) = pairs(["x", "y"], [x, y], 0.9)
    both = ~(np.isnan(x) | np.isnan(y))
    pearson = stats.pearsonr(x[both], y[both])
    assert pair.n == 38 and pair.pearson.value == pytest.approx(pearson.statistic)
    interval = pearson.confidence_interval(0.9)
    assert (pair.pearson.low, pair.pearson.high) == pytest.approx((interval.low, interval.high))
    assert pair.spearman.value == pytest.approx(stats.spearmanr(x[both], y[both]).statistic)


def test_equal_values_share_their_rank() -> None:
    values = DICE.integers(0, 9, size=100).astype(float)
    assert list(ranks(values)) == list(stats.rankdata(values))


@pytest.mark.parametrize("n", [12, 60])
def test_intervals_hold_the_truth_as_often_as_they_say(n: int) -> None:
    rho, held = 0.6, {"pearson": 0, "spearman": 0}
    truth = {"pearson": rho, "spearman": 6 / np.pi * np.arcsin(rho / 2)}
    for _ in range(1500):
        x = DICE.normal(size=n)
        y = rho * x + np.sqrt(1 - rho**2) * DICE.normal(size=n)
        (pair,) = pairs(["x", "y"], [x, y], 0.9)
        for name in held:
            found = getattr(pair, name)
            held[name] += found.low <= truth[name] <= found.high
    assert all(0.87 < count / 1500 < 0.94 for count in held.values()), held


def test_what_nobody_can_say_is_null_with_a_note() -> None:
    some = np.array([1.0, 2.0, 3.0, 4.0])
    last = pairs(["x", "flat"], [some, np.ones(4)], 0.95)[0]
    assert last.pearson.value is None and last.note and "flat never changes" in last.note
    assert pairs(["x", "away"], [some, np.full(4, np.nan)], 0.95)[0].note == (
        "There is nothing to say: fewer than two records have both."
    )
    few = pairs(["x", "few"], [some, np.array([1.0, 3.0, 2.0, np.nan])], 0.95)[0]
    assert few.pearson.value == pytest.approx(0.5) and few.pearson.low is None and few.note
    line = pairs(["x", "line"], [some, 1e200 * some], 0.95)[0].pearson
    assert line.value == pytest.approx(1.0) and line.low == pytest.approx(1.0)


def test_large_numbers_keep_their_coefficient() -> None:
    x = np.arange(50.0)
    y = x + DICE.normal(size=50)
    (pair,) = pairs(["x", "y"], [x + 1e9, y * 1e300], 0.95)
    assert pair.pearson.value == pytest.approx(stats.pearsonr(x, y).statistic, rel=1e-6)
