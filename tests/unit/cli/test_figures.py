"""The demo's figures and its last line."""

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from cli.demonstration.figures import Figures, percentile


@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1), st.floats(min_value=0.01, max_value=1))
def test_a_percentile_is_a_measured_value_with_that_share_at_or_below_it(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)


def test_half_and_nineteen_twentieths_of_a_hundred() -> None:
    values = [float(value) for value in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.95)) == (50.0, 95.0)
    assert math.isnan(percentile([], 0.5))


def test_the_last_line_has_the_promised_fields_and_is_json() -> None:
    figures = Figures(
        pages=1, records=2, records_in_clickhouse=2, trends_planted=3, trends_found=3, false_trends=0, seconds=4.04,
        crawl_pages=1, crawl_records=2, crawl_seconds=1.0, request_to_row=(100.4, 200.6),
    )  # fmt: skip
    line = json.loads(json.dumps(figures.line()))
    assert line == {
        "pages": 1,
        "records": 2,
        "records_in_clickhouse": 2,
        "trends_planted": 3,
        "trends_found": 3,
        "false_trends": 0,
        "seconds": 4.0,
        "request_to_row_ms": {"p50": 100, "p95": 201},
    }
