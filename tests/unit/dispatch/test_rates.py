"""How fast each host's rows are being closed."""

import pytest

from producers.dispatch.rates import Rates


def test_it_tends_to_what_is_closed_a_second() -> None:
    rates = Rates()
    rates.note({"h": 10, "idle": 3}, 0.0)
    for second in range(1, 40):
        rates.gave("h", 100)
        rates.note({"h": 10, "idle": 3}, float(second))
    assert rates.per_s("h") == pytest.approx(100, rel=0.01)
    assert rates.per_s("idle") == 0.0, "what is under way and stays so is not closed"
    for second in range(40, 90):
        rates.note({"h": 10}, float(second))
    assert rates.per_s("h") == 0.0


def test_half_of_what_was_is_forgotten_in_two_seconds() -> None:
    rates = Rates()
    rates.note({"h": 100}, 0.0)
    rates.note({}, 1.0)
    before = rates.per_s("h")
    rates.note({}, 3.0)
    assert 0 < rates.per_s("h") == pytest.approx(before / 2)


def test_what_comes_back_is_not_closed() -> None:
    rates = Rates()
    rates.note({}, 0.0)
    rates.note({"h": 50}, 1.0)
    assert rates.per_s("h") == 0.0
