"""In-memory ports of the gateway. tests/contract/api holds them to the same promises as the real adapters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from schemas.events import Event
from schemas.ledger import (
    Attempt,
    StoredLetter,
    StoredMark,
    StoredRecord,
    StoredTrend,
)
from schemas.previews import PreviewAnswer
from tests.unit.api.jobs_fakes import FakeJobs as FakeJobs
from tests.unit.api.switch import StoreAway as StoreAway
from tests.unit.api.switch import Switch


@dataclass
class FakePreviews:
    answer: PreviewAnswer | None = None
    asked: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)

    async def ask(self, job_id: str, url_fp: str, description: Mapping[str, Any], wait: float) -> PreviewAnswer | None:
        self.asked.append((job_id, url_fp, description))
        return self.answer


class FakeRecords:
    def __init__(self) -> None:
        self.switch = Switch()
        self.of_run: dict[str, list[StoredRecord]] = {}
        self.stored_trends: list[StoredTrend] = []
        self.stored_marks: dict[str, list[StoredMark]] = {}
        self.visits: dict[tuple[str, str], list[Attempt]] = {}
        self.stored_letters: list[StoredLetter] = []
        self.batches: dict[tuple[str, str], int] = {}

    async def letters(
        self, *, topic: str | None = None, stage: str | None = None, code: str | None = None, run_id: str | None = None,
        before: tuple[datetime, str] | None = None, limit: int,
    ) -> list[StoredLetter]:  # fmt: skip
        self.switch.check()
        asked = {"topic": topic, "stage": stage, "code": code, "run_id": run_id}
        found = sorted(self.stored_letters, key=lambda letter: (letter.at, letter.id), reverse=True)
        return [
            replace(letter, value="")
            for letter in found
            if all(wanted in (None, getattr(letter, name)) for name, wanted in asked.items())
            and (before is None or (letter.at, letter.id) < before)
        ][:limit]

    async def letter(self, letter_id: str) -> StoredLetter | None:
        self.switch.check()
        return next((letter for letter in self.stored_letters if letter.id == letter_id), None)

    async def batch(self, run_id: str, batch_id: str) -> int | None:
        self.switch.check()
        return self.batches.get((run_id, batch_id))

    async def attempts(self, run_id: str, url_fp: str, limit: int) -> list[Attempt]:
        self.switch.check()
        return self.visits.get((run_id, url_fp), [])[:limit]

    async def records(self, dataset: str, run_id: str, after: tuple[str, str] | None, limit: int) -> list[StoredRecord]:
        self.switch.check()
        found = sorted(self.of_run.get(run_id, []), key=lambda record: (record.key, record.id))
        return [record for record in found if after is None or (record.key, record.id) > after][:limit]

    async def marks(
        self, dataset: str, run_id: str, state: str | None, after: tuple[str, str, str] | None, limit: int
    ) -> list[StoredMark]:
        self.switch.check()
        found = {(mark.key, mark.record_id, mark.state): mark for mark in self.stored_marks.get(run_id, [])}
        return [
            mark
            for place, mark in sorted(found.items())
            if (after is None or place > after) and state in (None, mark.state)
        ][:limit]

    async def trends(
        self, runs: Sequence[str] | None, *, dataset: str | None = None, kind: str | None = None,
        before: tuple[datetime, str] | None = None, limit: int,
    ) -> list[StoredTrend]:  # fmt: skip
        self.switch.check()
        found = sorted(self.stored_trends, key=lambda trend: (trend.at, trend.id), reverse=True)
        return [
            trend
            for trend in found
            if (runs is None or trend.run_id in runs)
            and dataset in (None, trend.dataset)
            and kind in (None, trend.kind)
            and (before is None or (trend.at, trend.id) < before)
        ][:limit]


class FakeTelemetry:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.full = False

    def __call__(self, event: Event) -> bool:
        if not self.full:
            self.events.append(event)
        return not self.full
