"""Events for the tests of the feed."""

from typing import Any

from schemas.codec import encode
from schemas.events import CleanBatch, CleanRecord, PageOutcome, RunCounts, RunEvent, Trend
from schemas.heads import BatchHead, head_of
from schemas.ids import digest
from schemas.message import Message
from schemas.moments import of_epoch

NOW = 1_700_000_000.0


def outcome(number: int, at: float = NOW, *, run: str = "run-1", klass: str = "fetched", name: str = "fetched",
            final: bool = True, host: str = "example.org", ms: float = 50.0,
            fetched_at: str | None = None) -> PageOutcome:  # fmt: skip
    """What became of one page of a run."""
    return PageOutcome(id=digest(run, str(number)), run_id=run, job_id="job", dataset="shop", host=host,
                       url=f"https://{host}/{number}", url_fp=digest(str(number)), outcome=name, klass=klass,
                       final=final, elapsed_ms=ms,
                       fetched_at=of_epoch(at) if fetched_at is None else fetched_at)  # fmt: skip


def batch(number: int, at: float = NOW, *, run: str = "run-1", prices: tuple[float, ...] = (9.5,)) -> CleanBatch:
    """A clean batch with one record for each price; the records' keys are their positions."""
    records = [
        CleanRecord(id=digest("record", str(number), str(index)), key=f"k{index}", data={"price": price, "name": "x"})
        for index, price in enumerate(prices)
    ]
    return CleanBatch(id=digest("batch", run, str(number)), dataset="shop", run_id=run, job_id="job",
                      url="https://example.org/", url_fp="f", fetch_id="f", fetched_at=of_epoch(at),
                      counted_in=len(records), numeric={"price": "price"}, records=records)  # fmt: skip


def head(event: CleanBatch) -> BatchHead:
    """As the feed reads it."""
    return head_of(Message("clean-records", 0, 0, None, encode(event)))


def run_event(state: Any, at: float = NOW, *, run: str = "run-1", **counts: int) -> RunEvent:
    """A run at a moment."""
    return RunEvent(id=digest(run, state, repr(at)), run_id=run, job_id="job", dataset="shop", kind="state",
                    state=state, at=of_epoch(at), counts=RunCounts(**counts))  # fmt: skip


def trend(number: int, at: float = NOW, *, key: str = "k0", values: tuple[float, ...] = (10.0, 8.0)) -> Trend:
    """A drop from 10 to 8."""
    return Trend(id=digest("trend", str(number)), dataset="shop", run_id="run-1", record_key=key, field="price",
                 series=f"shop/{key}/price", kind="shift", direction="down", score=3.0, confidence=0.9, before=10.0,
                 after=8.0, change=-0.2, at=of_epoch(at), record_id="r", values=list(values),
                 sentence="It fell.")  # fmt: skip
