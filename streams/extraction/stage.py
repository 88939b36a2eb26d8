"""raw-pages → raw-records, page-outcomes: reads a page by its run's rules and closes its task."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from random import Random
from typing import Any, TypeAlias

from schemas.closings import Closed
from schemas.delivery import Delivery, Handled, Reject
from schemas.events import Event, FetchResult, RecordBatch
from streams.extraction.answer import answer_failure, answer_read, answer_unread, answer_unreadable
from streams.extraction.bodies import Bodies, MissingBodyError, whole
from streams.extraction.closings import Answer, letters
from streams.extraction.errors import ExtractionError
from streams.extraction.known import KnownLinks
from streams.extraction.outcome import outcome_of
from streams.extraction.places import Elsewhere, contents_of
from streams.extraction.ports import TaskLedger
from streams.extraction.reading import Reader, Readers
from streams.extraction.second_life import as_before
from streams.portion import PORTION_S

Clock: TypeAlias = Callable[[], datetime]

LANES = 2
"""Pages of a batch that are read at once, where they are read elsewhere."""


class Extraction:
    """The one place that closes tasks. It first decides, then writes one transaction, then publishes.

    After a crash it finds its own claim and publishes the same again: the rules are pinned with the run and reading
    is deterministic; where a bound of time makes it otherwise, what was said stands (`second_life.py`). An answer that
    holds no claim (a slower twin, a run that was cancelled) is passed over.
    """

    def __init__(
        self,
        ledger: TaskLedger,
        bodies: Bodies,
        clock: Clock,
        dice: Random,
        elsewhere: Elsewhere | None = None,
        patient: Elsewhere | None = None,
    ) -> None:
        """`patient` reads what was read in time before a crash and is not now."""
        self._ledger = ledger
        self._bodies = bodies
        self._clock = clock
        self._dice = dice
        self._elsewhere = elsewhere
        self._patient = patient
        self._readers = Readers(ledger)
        self._known = KnownLinks()

    async def handle(self, batch: Sequence[Delivery]) -> Handled:
        """Pages and failures of one batch; twins within it are settled one after the other. What it does not come to
        within PORTION_S is the rest."""
        handled = Handled()
        until = time.monotonic() + PORTION_S
        for twin_free in _without_twins(batch):
            if handled.rest:
                handled.rest.extend(twin_free)
            else:
                await self._close(twin_free, handled, until)
        return handled

    async def give_up(self, delivery: Delivery, reason: str) -> Handled:
        """The page cannot be read at all: it is in the dead letters, and its task ends as `dead_lettered`."""
        handled = Handled()
        # Without the run's rules: it may be they that cannot be used.
        run = await self._ledger.run(delivery.event.run_id)
        if run:
            reader = Reader.without_rules(run)
            answer = answer_failure(delivery.event, "dead_lettered", reason, reader, self._clock(), self._dice)
            await self._write([(delivery, answer)], handled)
        return handled

    async def _close(self, batch: Sequence[Delivery], handled: Handled, until: float) -> None:
        answers: dict[int, Answer] = {}
        waiting = iter(enumerate(batch))

        async def lane() -> None:
            for index, delivery in waiting:
                if answers and time.monotonic() > until:
                    handled.rest.append(delivery)
                    continue
                reader = await self._readers.of(delivery.event.run_id)
                if reader is None:
                    continue  # the run was deleted: nobody waits for this page
                answers[index] = await self._answer(delivery, reader, handled)
                await asyncio.sleep(0)  # heartbeats and shutdown get their turn between two pages

        await (_together([lane() for _ in range(LANES)]) if self._elsewhere else lane())
        await self._write([(batch[index], answers[index]) for index in sorted(answers)], handled)

    async def _answer(self, delivery: Delivery, reader: Reader, handled: Handled) -> Answer:
        result: FetchResult = delivery.event
        if result.failure is not None or result.status is None:
            kind = result.failure or "malformed_response"
            return answer_failure(result, kind, result.reason, reader, self._clock(), self._dice)
        try:
            page = await whole(result, self._bodies)
        except MissingBodyError as problem:
            handled.rejects.append(Reject.of(delivery.message, "missing_body", str(problem), result.run_id))
            return answer_failure(result, "dead_lettered", str(problem), reader, self._clock(), self._dice)
        trail, links = await self._context(result, reader)
        answer = answer_unread(result, reader, self._clock(), self._dice, trail, links)
        if answer is not None:
            return answer
        try:
            # The answer is without the body: a batch may have many large ones; each is read and let go.
            return answer_read(result, reader, await contents_of(page, reader, self._elsewhere))
        except ExtractionError as problem:
            return answer_unreadable(result, problem, reader, self._clock(), self._dice)

    async def _context(self, result: FetchResult, reader: Reader) -> tuple[list[str], bytes]:
        """What the frontier alone knows, for the few answers that need it: a second redirect, a page unchanged."""
        if result.status == 304 and reader.freshness is not None:
            known = await self._ledger.remembered(result.run_id, [result.url_fp])
            return [], known.get(result.url_fp, b"")
        if result.hops and 300 <= (result.status or 0) < 400:
            return await self._ledger.trail(result.run_id, result.url_fp), b""
        return [], b""

    async def _write(self, answers: Sequence[tuple[Delivery, Answer]], handled: Handled) -> None:
        if not answers:
            return
        closings = [self._known.unknown(answer.closing) for _, answer in answers]
        closed = await self._ledger.close(closings)
        for (delivery, answer), closing, verdict in zip(answers, closings, closed, strict=True):
            if verdict.before:
                answer = await as_before(answer, verdict.before, self._bodies, self._patient)
            if verdict.held:
                self._known.written(closing)
                handled.rejects.extend(letters(delivery.message, answer))
            if verdict.held or verdict.retried:
                handled.outputs.extend(_published(answer, verdict))


async def _together(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """All of it; the first error ends the rest, and is raised as it is: a store that is away must be seen as such."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _published(answer: Answer, verdict: Closed) -> list[Event]:
    outcome = outcome_of(answer, verdict)
    batches: list[RecordBatch] = answer.batches if verdict.held else []
    return [*batches, outcome]


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
