"""The demo's figures, and the one line of JSON that it ends with."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: a value that was really measured. NaN of nothing."""
    if not values:
        return math.nan
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one demonstration amounted to. Times in seconds, latencies in milliseconds from request to visible row."""

    pages: int
    records: int
    records_in_clickhouse: int
    trends_planted: int
    trends_found: int
    false_trends: int
    seconds: float
    crawl_pages: int
    crawl_records: int
    crawl_seconds: float
    request_to_row: tuple[float, ...]

    @property
    def p50(self) -> float:
        """Half of the requests were rows sooner, in milliseconds."""
        return percentile(self.request_to_row, 0.50)

    @property
    def p95(self) -> float:
        """One request in twenty took longer, in milliseconds."""
        return percentile(self.request_to_row, 0.95)

    def line(self) -> dict[str, object]:
        """The last line of `trawl demo --once`; other programs read it, so its fields stay."""
        return {
            "pages": self.pages,
            "records": self.records,
            "records_in_clickhouse": self.records_in_clickhouse,
            "trends_planted": self.trends_planted,
            "trends_found": self.trends_found,
            "false_trends": self.false_trends,
            "seconds": round(self.seconds, 1),
            "request_to_row_ms": {"p50": _whole(self.p50), "p95": _whole(self.p95)},
        }


def _whole(value: float) -> int | None:
    return None if math.isnan(value) else round(value)
