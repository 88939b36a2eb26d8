"""When a loop begins its next step: what comes seldom soon, what comes in a stream in large portions."""

import pytest

from infra.kafka.faust_loop import apart_s


@pytest.mark.parametrize(("rate", "apart"), [(0.5, 0.25), (10, 0.25), (40, 0.25), (60, 1.0), (2000, 1.0)])
def test_portions_settle_by_how_much_comes(rate: float, apart: float) -> None:
    """Whatever the step before was: a burst that is over does not slow down what follows it."""
    for before in (0.25, 1.0):
        for _ in range(50):
            before = apart_s(round(rate * before), 0.25, 1.0)
        assert before == apart


def test_without_a_bound_of_its_own_it_never_waits_longer() -> None:
    assert apart_s(10_000, 0.1, 0.1) == 0.1
