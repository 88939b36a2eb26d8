"""Runs and trends as rows of lists."""

from typing import Any

from schemas.events import RunCounts, RunEvent, Trend


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


def trend_row(trend: Trend) -> dict[str, Any]:
    """What a list shows of a trend."""
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
    }
