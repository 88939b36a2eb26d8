"""How fast rows are being closed."""

import pytest

from producers.dispatch.rates import Rates
from schemas.events import RunCounts


def test_it_tends_to_what_is_closed_a_second() -> None:
    rates = Rates()
    for second in range(40):
        rates.note({"a": RunCounts(fetched=80 * second, failed=10 * second, filtered=10 * second)}, float(second))
    assert rates.per_s == pytest.approx(100, rel=0.01)
    for second in range(40, 80):
        rates.note({"a": RunCounts(fetched=80 * 39, failed=390, filtered=390)}, float(second))
    assert rates.per_s == pytest.approx(0, abs=0.01)


def test_half_of_what_was_is_forgotten_in_two_seconds() -> None:
    rates = Rates()
    rates.note({"a": RunCounts()}, 0.0)
    rates.note({"a": RunCounts(fetched=100)}, 1.0)
    before = rates.per_s
    rates.note({"a": RunCounts(fetched=100)}, 3.0)
    assert rates.per_s == pytest.approx(before / 2)


def test_a_run_that_is_new_or_gone_is_no_burst() -> None:
    rates = Rates()
    rates.note({}, 0.0)
    rates.note({"a": RunCounts(fetched=1_000_000)}, 1.0)
    rates.note({}, 2.0)
    assert rates.per_s == 0.0
