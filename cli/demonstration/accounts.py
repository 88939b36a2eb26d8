"""The sums that must close; each that does not is a sentence. Pure, so that the judgement can itself be tested."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas.ledger import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What ClickHouse holds of one dataset: rows, and distinct ids among them."""

    dataset: str
    rows: int
    distinct: int


def open_sums(runs: Iterable[Run]) -> list[str]:
    """What is wrong with runs: not completed, or URLs and records that do not add up."""
    wrong = []
    for run in runs:
        name, counts = f"run {run.id[:8]} ({run.dataset})", run.counts
        if run.state != "completed":
            wrong.append(f"{name} is {run.state}, not completed: {run.reason or 'no reason given'}")
        ended = counts.fetched + counts.failed + counts.filtered
        if counts.requested != ended:
            wrong.append(f"{name}: {counts.requested} URLs requested, {ended} ended")
        if counts.failed:
            wrong.append(f"{name}: {counts.failed} URLs failed, though the site is well")
        sorted_out = counts.stored + counts.rejected + counts.dropped
        if counts.extracted != sorted_out:
            wrong.append(f"{name}: {counts.extracted} records extracted, {sorted_out} accounted for")
    return wrong


def differences(stored: Iterable[Stored], runs: Iterable[Run], truth: Mapping[str, int]) -> list[str]:
    """What is wrong with the stored rows: any twice, or more or fewer than the runs say in PostgreSQL, or than the site
    served."""
    counted = Counter[str]()
    for run in runs:
        counted[run.dataset] += run.counts.stored
    wrong = []
    for entry in stored:
        if entry.rows != entry.distinct:
            wrong.append(f"{entry.dataset}: {entry.rows} rows in ClickHouse, but {entry.distinct} distinct ids")
        if entry.rows != counted[entry.dataset]:
            said = f"{counted[entry.dataset]} stored say the runs in PostgreSQL"
            wrong.append(f"{entry.dataset}: {entry.rows} rows in ClickHouse, {said}")
        if entry.rows != truth[entry.dataset]:
            wrong.append(f"{entry.dataset}: {entry.rows} rows in ClickHouse, the site served {truth[entry.dataset]}")
    return wrong
