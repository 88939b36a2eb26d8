"""Pages whose body is not in the message."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

import msgspec

from schemas.closings import Closed, Closing
from schemas.delivery import Delivery
from schemas.events import PageOutcome, RecordBatch
from schemas.job import JobDescription
from schemas.message import Message
from schemas.pinned import PinnedRun
from streams.extraction.stage import Extraction
from tests.fakes.bodies import MemoryBodies
from tests.unit.extraction.pages import fetched

REF = "pages/2026-01-01/" + "a" * 64


@dataclass
class Ledger:
    """One run; every answer holds its claim."""

    closings: list[Closing] = field(default_factory=list)

    async def run(self, run_id: str) -> PinnedRun | None:
        return PinnedRun(
            id=run_id,
            job_id="j",
            dataset="d",
            description=JobDescription.model_validate({"url": "http://shop.example/"}),
        )

    async def trail(self, run_id: str, url_fp: str) -> list[str]:
        return []

    async def remembered(self, run_id: str, url_fps: Sequence[str]) -> dict[str, bytes]:
        return {}

    async def close(self, closings: Sequence[Closing]) -> list[Closed]:
        self.closings += closings
        return [Closed(held=True) for _ in closings]


def delivery(kept: bool) -> tuple[Delivery, MemoryBodies]:
    """A page by reference, and a store that has its body or has not."""
    inline = fetched("<title>A page by reference</title>")
    event = msgspec.structs.replace(inline, body=b"", body_ref=REF)
    return Delivery(Message("raw-pages", 3, 7, b"k", b"the message"), event), MemoryBodies(
        {REF: inline.body} if kept else {}
    )


async def test_a_body_by_reference_is_read_like_any_other() -> None:
    given, bodies = delivery(kept=True)
    stage = Extraction(Ledger(), bodies, lambda: datetime(2026, 1, 1, tzinfo=UTC), Random(1))
    handled = await stage.handle([given])
    batch = next(event for event in handled.outputs if isinstance(event, RecordBatch))
    assert batch.records[0]["title"] == "A page by reference"
    assert handled.rejects == []


async def test_a_body_that_is_gone_is_a_dead_letter_that_closes_its_task() -> None:
    ledger = Ledger()
    given, bodies = delivery(kept=False)
    handled = await Extraction(ledger, bodies, lambda: datetime(2026, 1, 1, tzinfo=UTC), Random(1)).handle([given])
    assert [(closing.outcome, closing.retry_at) for closing in ledger.closings] == [("dead_lettered", None)]
    assert REF in ledger.closings[0].reason
    letter = handled.rejects[0]
    assert (letter.code, letter.value, letter.run_id) == ("missing_body", b"the message", given.event.run_id)
    outcome = next(event for event in handled.outputs if isinstance(event, PageOutcome))
    assert (outcome.outcome, outcome.body_ref) == ("dead_lettered", REF)
