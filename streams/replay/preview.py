"""Rules tried on the newest stored copy of one page, for people who write them: nothing is stored, nothing fetched.

The frontier knows which visit brought the page and when, so that a few messages of one partition are read, and not the
topic backwards. The rules run in a child that is ended when they take too long.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Protocol

import structlog
from msgspec.structs import replace

from schemas.codec import decode
from schemas.events import FetchResult
from schemas.message import Message
from schemas.pinned import PinnedRun
from schemas.previews import PreviewAnswer, PreviewProblem, PreviewQuestion, StoredCopy
from schemas.topics import RAW_PAGES
from streams.extraction.bodies import Bodies, MissingBodyError, whole
from streams.extraction.errors import ExtractionError
from streams.extraction.places import Elsewhere
from streams.extraction.reading import Reader
from streams.extraction.rules import check
from streams.replay.rereading import head_of

log = structlog.get_logger()

FIND_S = 2.0
"""Seconds in which a stored page is looked for. Some milliseconds are enough where few were stored at that time; a busy
broker's answer may take longer, and a late page is worth more to whoever asks than none."""

LANES = 4
"""Questions that are answered at once: heavy rules on heavy pages hold up nobody else's light ones, up to so many."""

MAX_SHOWN = 100
SLACK_S = 2.0
"""Seconds by which a page's message may be older than its task's issue or newer than its closing: clocks differ."""


class Desk(Protocol):
    """Where questions come in."""

    def rung(self) -> AsyncIterator[None]:
        """Once at the beginning, and whenever somebody has asked."""
        ...

    async def take(self) -> list[PreviewQuestion]:
        """Questions that wait, each for one who answers."""
        ...

    async def newest_copy(self, job_id: str, url_fp: str) -> StoredCopy | None:
        """The visit that last brought a page of a job."""
        ...

    async def answer(self, question_id: str, answer: PreviewAnswer) -> None:
        """For whoever asked."""
        ...


class Archive(Protocol):
    """raw-pages, where one key is looked for, one after the other."""

    def under(self, key: str, since: float, until: float) -> AsyncGenerator[Message]:
        """The messages under a key that were written between two moments (epoch seconds)."""
        ...


class Previewing:
    """Answers questions, LANES at once, each for itself; what comes between is an answer too."""

    def __init__(
        self, desk: Desk, archive: Archive, bodies: Bodies, children: Elsewhere, find_s: float = FIND_S
    ) -> None:
        self._desk = desk
        self._archive = archive
        self._bodies = bodies
        self._children = children
        self._find_s = find_s
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """For ever; ends by being cancelled."""
        while True:
            try:
                await self._serve()
            except Exception as problem:
                log.warning("previews_interrupted", error=repr(problem))
                await asyncio.sleep(1.0)

    async def _serve(self) -> None:
        free = asyncio.Semaphore(LANES)
        async with asyncio.TaskGroup() as answering:
            async for _ in self._desk.rung():
                while questions := await self._desk.take():
                    taken_at = time.monotonic()
                    for question in questions:
                        await free.acquire()
                        answering.create_task(self._reply(question, taken_at, free))

    async def _reply(self, question: PreviewQuestion, taken_at: float, free: asyncio.Semaphore) -> None:
        """One that cannot be answered at all is waited for in vain, and by its asker alone."""
        try:
            answer = await self._answer(question)
            elapsed = round(1000 * (time.monotonic() - taken_at), 1)
            await self._desk.answer(question.id, replace(answer, elapsed_ms=elapsed))
        except Exception as problem:
            log.warning("preview_not_answered", error=repr(problem))
        finally:
            free.release()

    async def _answer(self, question: PreviewQuestion) -> PreviewAnswer:
        problems = check(question.description.extract)
        if problems:
            return PreviewAnswer(problems=[PreviewProblem(place=each.place, reason=each.reason) for each in problems])
        copy = await self._desk.newest_copy(question.job_id, question.url_fp)
        if copy is None:
            return PreviewAnswer(reason="No run of this job has fetched this page; see the job's URLs.")
        try:
            async with self._looking, asyncio.timeout(self._find_s):
                found = await self._find(question.url_fp, copy)
        except TimeoutError:
            return PreviewAnswer(
                reason=f"The stored page was not found within {self._find_s:g} s: very many were stored then, or the"
                " broker is busy; ask again, or try a page that was fetched at another time."
            )
        if found is None:
            return PreviewAnswer(run_id=copy.run_id, reason="This page is no longer kept; run the job again.")
        return await self._read(question, found)

    async def _find(self, url_fp: str, copy: StoredCopy) -> FetchResult | None:
        async with aclosing(self._archive.under(url_fp, copy.since - SLACK_S, copy.until + SLACK_S)) as messages:
            async for message in messages:
                if head_of(message).fetch_id == copy.fetch_id:
                    found: FetchResult = decode(RAW_PAGES, message.value)
                    return found
        return None

    async def _read(self, question: PreviewQuestion, stored: FetchResult) -> PreviewAnswer:
        told = PreviewAnswer(found=True, run_id=stored.run_id, fetched_at=stored.fetched_at)
        run = PinnedRun(id=question.id, job_id=question.job_id, dataset="preview", description=question.description)
        try:
            contents = await self._children.read(await whole(stored, self._bodies), Reader.of(run))
        except (ExtractionError, MissingBodyError) as problem:
            return replace(told, reason=str(problem))
        except Exception as problem:
            log.error("preview_failed", url=stored.url[:500], error=repr(problem), exc_info=problem)
            return replace(told, reason="The page could not be read; the log of extraction says why.")
        records = [record for batch in contents.batches for record in batch.records]
        notes = [contents.notes] if contents.notes else []
        if len(records) > MAX_SHOWN:
            notes.append(f"The page gives {len(records)} records; the first {MAX_SHOWN} are shown.")
        notes += [f"A record is left out: {big.reason}" for big in contents.oversized]
        return replace(told, records=records[:MAX_SHOWN], notes=notes)
