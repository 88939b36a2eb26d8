"""When a loop begins its next step: what comes seldom soon, what comes in a stream in large portions."""

import pytest

from infra.kafka.faust_loop import Pace


@pytest.mark.parametrize(
    ("rate", "size", "apart"),
    [(0.5, 1000, 0.25), (10, 1000, 0.25), (40, 1000, 0.25), (60, 1000, 1.0), (2000, 0, 1.0), (70, 75_000, 3.0)],
)
def test_portions_settle_by_how_much_comes(rate: float, size: int, apart: float) -> None:
    """Whatever the step before was: a burst that is over does not slow down what follows it."""
    pace = Pace(every=0.25, at_most=1.0, heavy=2.0)
    for before in (0.25, 1.0, 3.0):
        for _ in range(50):
            messages = round(rate * before)
            before = pace.apart(messages, messages * size)
        assert before == pytest.approx(apart, abs=0.05)


def test_without_a_bound_of_its_own_it_never_waits_longer() -> None:
    assert Pace().apart(10_000, 10**9) == 0.1
