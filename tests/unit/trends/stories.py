"""Clean batches that tell a story, for tests of everything that is watched."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from schemas.events import CleanBatch, CleanRecord, Trend, TrendRules
from schemas.ids import digest
from streams.trends.detector import FEW_KEYS
from streams.trends.watch import Watch

BEGIN = 1.79e9 - 1.79e9 % 86400
Record = tuple[str, dict[str, Any]]


def batch(
    number: int,
    records: Sequence[Record],
    at: float,
    *,
    dataset: str = "deals",
    run: str = "run",
    url: str = "https://shop.example/c/tea/17",
    rules: TrendRules | None = None,
    rejected: int = 0,
) -> CleanBatch:
    """The `number`-th message, read at the Unix time `at`: prices are prices, other numbers are numbers."""
    identity = digest("batch", dataset, str(number))
    names = {name for _, data in records for name, value in data.items() if isinstance(value, float)}
    numeric: dict[str, Literal["number", "price"]] = {
        name: "price" if name.endswith("price") else "number" for name in sorted(names)
    }
    return CleanBatch(
        id=identity,
        dataset=dataset,
        run_id=run,
        job_id="job",
        url=url,
        url_fp=digest("url", url),
        fetch_id=identity,
        fetched_at=datetime.fromtimestamp(at, UTC).isoformat(),
        counted_in=len(records) + rejected,
        rejected=rejected,
        numeric=numeric,
        records=[
            CleanRecord(id=digest(identity, str(index)), key=key, data=data)
            for index, (key, data) in enumerate(records)
        ],
        trends=rules,
    )


def told(batches: Iterable[CleanBatch], watch: Watch | None = None) -> list[Trend]:
    """What is told of them, in order."""
    watch = watch or Watch(FEW_KEYS)
    return [told for one in batches for told in watch.take(one) if isinstance(told, Trend)]
