"""Analyses for whoever may read records: checked, found within bounds, kept for some seconds."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import numpy as np

from api.auth.callers import Caller
from api.errors import invalid
from api.ports import Analyses, Jobs
from api.services.analytics.asking import Asked, asked_of, measure_of
from api.services.analytics.correlating import Pair, pairs
from api.services.analytics.describing import DESCRIBED, MOST_FIELDS, Described, described, frequent
from api.services.analytics.forecasting import Forecast, ForecastError, forecast
from api.services.analytics.naming import fitting, types_of
from api.services.analytics.remembering import Memory, Remembered
from api.services.analytics.scopes import nothing_there, scope_of
from api.services.analytics.series import MOST_BUCKETS, Series, series_of
from api.shapes.analytics import CorrelationsAsked, ForecastAsked, QueryAsked, RecordsAsked, StatisticsAsked
from schemas.analysing import Fields, Grouped, Question, Scope, TooMuch

T = TypeVar("T")
MOST_DRAWN = 100_000
"""Of more records so many are drawn for correlations."""
_MOST_CORRELATED = 12
_NARROWER = "choose fewer records with `since`, `until`, `where` or `run_id`, or fewer groups"


@dataclass(frozen=True, slots=True)
class Found:
    """How an answer came about, and what is to be said of it."""

    remembered: Remembered[Any]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Correlated:
    """Pairs of fields over the records that were `drawn` from the `total`."""

    pairs: Sequence[Pair]
    drawn: int
    total: int


class Analysing:
    """Each method raises ApiError 404 for a dataset in which the caller has nothing, 422 for what cannot be asked."""

    def __init__(self, jobs: Jobs, analyses: Analyses, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._jobs = jobs
        self._analyses = analyses
        self._now = now
        self._memory: Memory[Any] = Memory(size_of)
        self._at_work = asyncio.Semaphore(1)

    async def query(self, caller: Caller, body: QueryAsked) -> tuple[Asked, Grouped, Found]:
        """Records in groups."""
        scope, notes = await scope_of(caller, self._jobs, body, body.time)
        asked = asked_of(body, scope, await self._fields(scope, body), self._now())
        found = await self._found(asked.question, lambda: self._analyses.grouped(asked.question), body)
        return asked, found.answer, Found(found, (*notes, *asked.notes))

    async def statistics(self, caller: Caller, body: StatisticsAsked) -> tuple[Described, Found]:
        """What the fields are like."""
        scope, notes = await scope_of(caller, self._jobs, body)
        fields = await self._fields(scope, body)
        for place, name in enumerate(body.fields or ()):
            if not set(types_of(fields, name, f"fields.{place}")) & set(DESCRIBED):
                raise invalid(f"fields.{place}", f"{name[:100]!r} has dates or lists; query counts and groups those.")
        known = frequent(fields, DESCRIBED, len(fields))
        chosen = tuple(dict.fromkeys(body.fields)) if body.fields else tuple(known[:MOST_FIELDS])
        if not body.fields and len(known) > MOST_FIELDS:
            notes.append(f"The {MOST_FIELDS} most frequent of {len(known)} fields; name others in `fields`.")
        key = ("statistics", scope, chosen, body.buckets)
        found = await self._found(key, lambda: described(self._analyses, scope, fields, chosen, body.buckets), body)
        if any(words.top is None for words in found.answer.words):
            notes.append("The texts have too many different values for counting each: `distinct` is an estimate.")
        return found.answer, Found(found, tuple(notes))

    async def correlations(self, caller: Caller, body: CorrelationsAsked) -> tuple[tuple[str, ...], Correlated, Found]:
        """How fields of numbers go together."""
        scope, notes = await scope_of(caller, self._jobs, body)
        fields = await self._fields(scope, body)
        known = frequent(fields, ("number",), len(fields))
        chosen = tuple(dict.fromkeys(body.fields or known[:_MOST_CORRELATED]))
        for place, name in enumerate(chosen):
            fitting("stddev", name, types_of(fields, name, f"fields.{place}"), f"fields.{place}")
        if len(chosen) < 2:
            raise invalid("fields", "A correlation takes two different fields of numbers.")
        if not body.fields and len(known) > len(chosen):
            notes.append(f"The {len(chosen)} most frequent of {len(known)} fields of numbers; name others in `fields`.")
        key = ("correlations", scope, chosen, body.level)
        found = await self._found(key, lambda: self._correlated(scope, chosen, body.level), body)
        told: Correlated = found.answer
        if told.drawn < told.total:
            notes.append(f"Over {told.drawn:,} of {told.total:,} records, drawn evenly by their ids.")
        return chosen, told, Found(found, tuple(notes))

    async def forecast(self, caller: Caller, body: ForecastAsked) -> tuple[Series, Forecast, Found]:
        """How a series goes on. What is not over yet is no part of it."""
        scope, notes = await scope_of(caller, self._jobs, body)
        measure = measure_of(body.measure, await self._fields(scope, body), "measure")
        if measure.types == ("moment",):
            raise invalid("measure.field", "A forecast is of numbers, and this field has dates.")
        until = min(scope.until or self._now(), self._now())
        question = Question(
            scope=scope, interval=body.interval, measures=(measure,), order=((0, True),), limit=MOST_BUCKETS + 2
        )
        empty = 0.0 if measure.function in ("count", "distinct") else None

        async def ahead() -> tuple[Series, Forecast]:
            grouped = await self._bounded(self._analyses.grouped(question))
            series = series_of(grouped.rows, body.interval, (scope.since, until), empty=empty, horizon=body.horizon)
            try:
                return series, await self._aside(forecast, series.at, series.values, body.horizon, body.level)
            except ForecastError as refusal:
                raise invalid("", str(refusal), "TOO_LITTLE") from refusal

        key = ("forecast", question, body.horizon, body.level)
        found = await self._found(key, ahead, body)
        series, told = found.answer
        return series, told, Found(found, (*notes, *told.notes))

    async def _correlated(self, scope: Scope, names: Sequence[str], level: float) -> Correlated:
        sample = await self._analyses.sample(scope, names, MOST_DRAWN)
        columns = [np.asarray(column, dtype=np.float64) for column in sample.columns]
        told = await self._aside(pairs, list(names), columns, level)
        return Correlated(told, len(sample.columns[0]), sample.total)

    async def _fields(self, scope: Scope, body: RecordsAsked) -> Fields:
        """What the dataset has, whatever is chosen of it: a condition that nothing meets is no wrong name."""
        whole = replace(scope, where=(), since=None, until=None, clock="fetched_at")
        found = await self._found(("fields", whole), lambda: self._analyses.fields(whole), body)
        if not found.answer and not await self._bounded(self._analyses.records(whole)):
            raise nothing_there(scope.dataset)
        fields: Fields = found.answer
        return fields

    async def _found(self, question: Hashable, find: Callable[[], Awaitable[T]], body: RecordsAsked) -> Remembered[T]:
        return await self._memory.ask(question, lambda: self._bounded(find()), refresh=body.refresh)

    async def _bounded(self, finding: Awaitable[T]) -> T:
        try:
            return await finding
        except TooMuch as bound:
            raise invalid("", f"This is too much for one question: {bound}; {_NARROWER}.", "TOO_MUCH") from bound

    async def _aside(self, work: Callable[..., T], *given: Any) -> T:
        """Beside the event loop, one at a time: what counts needs a processor that others need too."""
        async with self._at_work:
            return await asyncio.to_thread(work, *given)


def size_of(answer: Any) -> int:
    """How many values an answer holds, roughly."""
    if isinstance(answer, Grouped):
        return sum(map(len, answer.rows))
    if isinstance(answer, tuple) and answer and isinstance(answer[0], Series):
        return 2 * len(answer[0].values)
    return 2000
