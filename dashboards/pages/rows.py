"""Runs and trends as rows of lists."""

from collections.abc import Iterable
from typing import Any, Final

from schemas.events import RunCounts, RunEvent, Trend

FOUND_BY: Final[dict[str, str]] = {
    "point": "the value itself",
    "change_point": "a new level by day",
    "slow_trend": "a slow trend by day",
    "term": "a burst of a term",
    "rule": "the job's rule",
    "rate": "records a minute",
    "drift": "the site's template",
}
"""What each detector goes by, in words."""


def progress(counts: RunCounts) -> dict[str, float]:
    """Each account as a share of what was requested, in percent; what is under way comes after what is done."""
    whole = max(1, counts.requested)
    names = ("fetched", "failed", "filtered", "issued")
    return {name: round(100.0 * getattr(counts, name) / whole, 2) for name in names}


def run_row(event: RunEvent) -> dict[str, Any]:
    """What a list shows of a run."""
    counts = event.counts
    return {
        "id": event.run_id,
        "dataset": event.dataset,
        "state": event.state,
        "at": event.at,
        "done": counts.fetched + counts.failed + counts.filtered,
        "requested": counts.requested,
        "records": max(counts.stored, 0),
        "shares": progress(counts),
    }


def trend_rows(trends: Iterable[Trend]) -> list[dict[str, Any]]:
    """What a list shows of trends; those among them that close others say which are over."""
    listed = list(trends)
    closed = {trend.closes for trend in listed if trend.closes}
    return [trend_row(trend, over=trend.id in closed) for trend in listed]


def trend_row(trend: Trend, *, over: bool) -> dict[str, Any]:
    """What is shown of one; `over` when another has closed it. What nothing closed goes on, as far as anybody knows."""
    return {
        "id": trend.id,
        "kind": trend.kind,
        "direction": trend.direction,
        "dataset": trend.dataset,
        "key": trend.record_key,
        "field": trend.field,
        "before": trend.before,
        "after": trend.after,
        "change": trend.change,
        "at": trend.at,
        "sentence": trend.sentence,
        "phase": "ended" if trend.phase == "ended" else "over" if over else "goes on",
        "detector": FOUND_BY.get(trend.detector, trend.detector),
        "rule": trend.rule,
    }
