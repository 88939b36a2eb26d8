"""The sums that must close; each that does not is a sentence. Pure, so that the demo's judgement can itself be tested."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What ClickHouse holds of one dataset: rows, and distinct ids among them."""

    dataset: str
    rows: int
    distinct: int


def open_sums(runs: Iterable[Mapping[str, Any]]) -> list[str]:
    """What is wrong with runs as the gateway tells them: not completed, or urls and records that do not add up."""
    wrong = []
    for run in runs:
        name, counts = str(run["run_id"])[:8], run["counts"]
        if run["state"] != "completed":
            wrong.append(f"run {name} is {run['state']}, not completed: {run.get('reason') or 'no reason given'}")
        ended = counts["fetched"] + counts["failed"] + counts["filtered"]
        if counts["requested"] != ended:
            wrong.append(f"run {name}: {counts['requested']} URLs requested, {ended} ended")
        sorted_out = counts["stored"] + counts["rejected"] + counts["dropped"]
        if counts["extracted"] != sorted_out:
            wrong.append(f"run {name}: {counts['extracted']} records extracted, {sorted_out} accounted for")
    return wrong


def differences(stored: Iterable[Stored], truth: Mapping[str, int]) -> list[str]:
    """What is wrong with the stored rows: any twice, or more or fewer than the site served."""
    wrong = []
    for entry in stored:
        if entry.rows != entry.distinct:
            wrong.append(f"{entry.dataset}: {entry.rows} rows in ClickHouse, but {entry.distinct} distinct ids")
        if entry.rows != truth[entry.dataset]:
            wrong.append(f"{entry.dataset}: {entry.rows} rows in ClickHouse, the site served {truth[entry.dataset]}")
    return wrong
