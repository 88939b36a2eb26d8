import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.trends.detector import FEW_KEYS, MANY_KEYS, Detector, Settings
from tests.bench.streams_of_noise import NOISES, silence

RESTLESS = Settings(bar=1.5, budget=0.01, toll=0.5, rest=0)
"""Alarms as soon as it may: only the budget holds it back."""

Floats = npt.NDArray[np.float64]


def alarms_of(chosen: Settings, values: Floats) -> npt.NDArray[np.int_]:
    """Alarms of each series; `values` are (observations, series)."""
    detector = Detector(chosen)
    slots = np.arange(values.shape[1])
    total = np.zeros(values.shape[1], dtype=np.int_)
    for index, row in enumerate(values):
        total += detector.observe(slots, row, np.full(len(slots), index * 997.0)).alarm
        assert (total <= chosen.most_alarms(index + 1)).all()
    return total


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=12), min_size=1, max_size=9
    ),
    st.sampled_from([RESTLESS, FEW_KEYS, MANY_KEYS]),
    st.sampled_from([1.0, 1.02, 1.3, 3.0]),
)
def test_no_stream_gets_more_alarms_than_its_budget(motifs: list[list[float]], chosen: Settings, growth: float) -> None:
    """Any motifs, repeated, each time larger: the bound holds at every single observation."""
    length = 400
    with np.errstate(over="ignore"):
        scale = np.minimum(growth ** np.arange(length), 1e90)
        values = np.stack([np.resize(np.array(motif), length) * scale for motif in motifs], axis=1)
    alarms_of(chosen, np.nan_to_num(values))


@pytest.mark.parametrize("factor", [1.5, 4.0])
def test_a_stream_that_keeps_surprising_is_held_by_the_budget_alone(factor: float) -> None:
    """Every tenth value dwarfs all before it: it would alarm each time, and is stopped close to the bound."""
    values = np.ones((3000, 4))
    surprises = np.arange(60, 3000, 10)
    values[surprises] = np.minimum(factor ** np.arange(len(surprises)), 1e99)[:, None]
    total = alarms_of(RESTLESS, values)
    assert (total > 0.4 * RESTLESS.most_alarms(3000)).all()


def test_the_bound_is_the_one_that_was_promised() -> None:
    assert FEW_KEYS.most_alarms(10_000) == pytest.approx(10 + (8 - 2.8 + 0.1) / 0.1)
    assert MANY_KEYS.most_alarms(10_000) == pytest.approx(1 + (8 - 4 + 0.25) / 0.25)


@pytest.mark.parametrize(
    ("kind", "observations", "highest"),
    [
        *((kind, 8000, 4.0) for kind in NOISES),
        ("normal", 900, 4.0),
        ("correlated (AR 0.6)", 900, 3.5),
        ("heavy tails (t, 4)", 900, 3.0),
        ("log-normal", 900, 3.0),
    ],
)
def test_on_noise_scores_are_no_bolder_than_their_probability(kind: str, observations: int, highest: float) -> None:
    """P(T ≥ b) ≤ 6·10^−b for b ≤ 4, six being the number of channels. The tail of what is not normal takes thousands
    of values to be learned: of the first 900 it holds up to `highest` only."""
    bars = tuple(bar for bar in (2.0, 2.5, 3.0, 3.5, 4.0) if bar <= highest)
    said = silence(NOISES[kind], FEW_KEYS, 270_000 // min(observations, 3000), observations, bars)
    assert said.boldness <= 1
    assert said.within_budget
