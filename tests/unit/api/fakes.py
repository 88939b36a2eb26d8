"""In-memory ports of the gateway. tests/contract/api holds them to the same promises as the real adapters."""

import contextlib
import json
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf
from typing import Any

from schemas.choosing import FieldCondition, FieldOrder, RankedRecord
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


def typed(record: StoredRecord, field: str) -> Any:
    """A field's value; a text that is a moment as that."""
    value = json.loads(record.data).get(field)
    with contextlib.suppress(TypeError, ValueError):
        return datetime.fromisoformat(value)
    return value


def is_so(record: StoredRecord, asked: FieldCondition) -> bool:
    """Whether a condition is true of a record."""
    value = typed(record, asked.field)
    by_type = {bool: asked.flag, datetime: asked.moment, int: asked.number, float: asked.number}
    wanted = by_type.get(type(value))
    if asked.comparison in ("=", "!="):
        entries = value if isinstance(value, list) else [json.loads(record.data).get(asked.field)]
        same = asked.text in entries or (wanted is not None and value == wanted)
        return same if asked.comparison == "=" else value is not None and not same
    compare = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}[asked.comparison]
    return wanted is not None and not isinstance(value, bool) and bool(compare(value, wanted))


def rank_of(record: StoredRecord, order: FieldOrder) -> float:
    """Where it stands; a moment by its milliseconds."""
    value = typed(record, order.field)
    value = round(value.timestamp() * 1000) if isinstance(value, datetime) else value
    return float(-value if order.down else value) if isinstance(value, int | float) else inf


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

    async def records(
        self, dataset: str, run_id: str, after: tuple[str, str] | None, limit: int,
        where: Sequence[FieldCondition] = (),
    ) -> list[StoredRecord]:  # fmt: skip
        self.switch.check()
        found = sorted(self._chosen(run_id, where), key=lambda record: (record.key, record.id))
        return [record for record in found if after is None or (record.key, record.id) > after][:limit]

    async def ranked(
        self, dataset: str, run_id: str, order: FieldOrder, after: tuple[float, str, str] | None, limit: int,
        where: Sequence[FieldCondition] = (),
    ) -> list[RankedRecord]:  # fmt: skip
        self.switch.check()
        ranks = [RankedRecord(rank_of(record, order), record) for record in self._chosen(run_id, where)]
        found = sorted(ranks, key=lambda one: (one.rank, one.record.key, one.record.id))
        return [one for one in found if after is None or (one.rank, one.record.key, one.record.id) > after][:limit]

    def _chosen(self, run_id: str, where: Sequence[FieldCondition]) -> list[StoredRecord]:
        return [record for record in self.of_run.get(run_id, []) if all(is_so(record, one) for one in where)]

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
