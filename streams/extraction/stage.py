"""raw-pages → raw-records, page-outcomes: reads a page by its run's rules and closes its task."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random
from typing import TypeAlias

from schemas.delivery import Delivery, Handled, Reject
from schemas.events import Event, FetchResult, PageOutcome, RecordBatch
from schemas.ids import outcome_id
from streams.extraction.answer import Answer, answer_failure, answer_page
from streams.extraction.ports import Closed, Closing, TaskLedger
from streams.extraction.reading import Reader, Readers

Clock: TypeAlias = Callable[[], datetime]


class Extraction:
    """The one place that closes tasks. It first decides, then writes one transaction, then publishes.

    After a crash it finds its own claim and publishes the same again: the rules are pinned with the run and reading
    is deterministic. An answer that holds no claim (a slower twin, a run that was cancelled) is passed over.
    """

    def __init__(self, ledger: TaskLedger, clock: Clock, dice: Random) -> None:
        self._ledger = ledger
        self._clock = clock
        self._dice = dice
        self._readers = Readers(ledger)

    async def handle(self, batch: Sequence[Delivery]) -> Handled:
        """Pages and failures of one batch; twins within it are settled one after the other."""
        handled = Handled()
        for twin_free in _without_twins(batch):
            await self._close(twin_free, handled)
        return handled

    async def give_up(self, delivery: Delivery, reason: str) -> Handled:
        """The page cannot be read at all: it is in the dead letters, and its task ends as `dead_lettered`."""
        handled = Handled()
        reader = await self._readers.of(delivery.event.run_id)
        if reader:
            answer = answer_failure(delivery.event, "dead_lettered", reason, reader, self._clock(), self._dice)
            await self._write([answer], handled)
        return handled

    async def _close(self, batch: Sequence[Delivery], handled: Handled) -> None:
        answers = []
        for delivery in batch:
            result: FetchResult = delivery.event
            reader = await self._readers.of(result.run_id)
            if reader is None:
                continue  # the run was deleted: nobody waits for this page
            answers.append(self._answer(delivery, reader, handled))
            await asyncio.sleep(0)  # heartbeats and shutdown get their turn between two pages
        await self._write(answers, handled)

    def _answer(self, delivery: Delivery, reader: Reader, handled: Handled) -> Answer:
        result: FetchResult = delivery.event
        if result.failure is not None or result.status is None:
            kind = result.failure or "malformed_response"
            return answer_failure(result, kind, result.reason, reader, self._clock(), self._dice)
        answer = answer_page(result, reader, self._clock(), self._dice)
        handled.rejects.extend(
            Reject(delivery.message, code, reason, identity, value, result.run_id)
            for code, reason, identity, value in answer.oversized
        )
        return answer

    async def _write(self, answers: Sequence[Answer], handled: Handled) -> None:
        if not answers:
            return
        closed = await self._ledger.close([answer.closing for answer in answers])
        for answer, verdict in zip(answers, closed, strict=True):
            if verdict.held or verdict.retried:
                handled.outputs.extend(_published(answer, verdict))


def _published(answer: Answer, verdict: Closed) -> list[Event]:
    outcome = _outcome(answer.closing, answer.result, answer.reader, verdict)
    batches: list[RecordBatch] = answer.batches if verdict.held else []
    return [*batches, outcome]


def _outcome(closing: Closing, result: FetchResult, reader: Reader, verdict: Closed) -> PageOutcome:
    return PageOutcome(
        id=outcome_id(closing.run_id, closing.url_fp, closing.attempt, closing.fetch_id),
        run_id=closing.run_id,
        job_id=reader.run.job_id,
        dataset=reader.run.dataset,
        url=result.url,
        url_fp=closing.url_fp,
        host=closing.host,
        outcome=closing.outcome,
        klass=closing.klass,
        final=not verdict.retried,
        status=closing.status,
        depth=result.depth,
        attempt=closing.attempt,
        fetch_id=closing.fetch_id,
        records=closing.records if verdict.held else 0,
        links=len(closing.links),
        new_links=verdict.new_links,
        body_size=result.body_size,
        elapsed_ms=result.elapsed_ms,
        fetched_at=result.fetched_at,
        reason=closing.reason,
    )


def _without_twins(batch: Sequence[Delivery]) -> list[list[Delivery]]:
    """Splits a batch so that each part answers a row at most once, in the order of arrival."""
    parts: list[list[Delivery]] = []
    seen: dict[tuple[str, str], int] = {}
    for delivery in batch:
        row = (delivery.event.run_id, delivery.event.url_fp)
        place = seen.get(row, -1) + 1
        seen[row] = place
        if place == len(parts):
            parts.append([])
        parts[place].append(delivery)
    return parts
