"""Replaying, as a part of `trawl extraction`.

It lives there because it is extraction once more: the same rules, the same reading, the same transaction that closes
rows; a process of its own would stand idle nearly always. It takes nothing from the live line but idle time: a consumer
of its own without a group, a child of its own that reads the pages, connections of its own.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog

from infra.blobs.store import Blobs
from infra.kafka.stored_messages import Archive, StoredMessages
from infra.postgres.leadership import REPLAY, Leadership
from infra.postgres.pool import Database
from infra.postgres.previews import PreviewDesk
from infra.postgres.replays import Replays
from infra.postgres.task_ledger import TaskLedger
from schemas.topics import RAW_PAGES
from streams.extraction.children.child import PATIENT
from streams.extraction.children.pool import Children
from streams.replay.preview import LANES, Previewing
from streams.replay.rereading import Rereader
from streams.replay.service import Replaying
from streams.running import Surroundings

log = structlog.get_logger()


@contextlib.asynccontextmanager
async def replaying(around: Surroundings) -> AsyncIterator[None]:
    """Replays beside a stage, in one of its workers at a time, for as long as the block."""
    stopping = asyncio.Event()
    task = asyncio.create_task(_serve(around, stopping))
    task.add_done_callback(_tell)
    try:
        yield
    finally:
        stopping.set()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _tell(task: "asyncio.Task[None]") -> None:
    """The live line goes on without replays, but not in silence."""
    problem = None if task.cancelled() else task.exception()
    if problem:
        log.error("no_replays", error=repr(problem), exc_info=problem)


async def _serve(around: Surroundings, stopping: asyncio.Event) -> None:
    settings, postgres = around.settings, around.settings.address("postgres")
    async with contextlib.AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database(postgres, max_size=3, application_name="trawl-replay", wait=0)
        )
        bodies = await stack.enter_async_context(Blobs.of(settings.blobs, settings.data))
        # A replay reads one page at a time, and so does each lane of the previews: none waits for another.
        children = await stack.enter_async_context(Children(most=1 + LANES))
        patient = await stack.enter_async_context(Children(PATIENT, most=1))
        service = Replaying(
            Replays(database),
            StoredMessages(settings.address("kafka"), RAW_PAGES),
            TaskLedger(database),
            Rereader(bodies, children, patient),
            around.publisher,
        )
        archive = await stack.enter_async_context(Archive(settings.address("kafka"), RAW_PAGES))
        previewing = Previewing(PreviewDesk(database), archive, bodies, children)
        leadership = Leadership(postgres, REPLAY)
        stack.push_async_callback(leadership.give_up)
        while await leadership.won(stopping):
            await _lead(service, previewing, leadership, stopping)


async def _lead(service: Replaying, previewing: Previewing, leadership: Leadership, stopping: asyncio.Event) -> None:
    """Works until `stopping` or until the lead is lost. Two that work at once would do no harm: they close the same
    rows by the same visits, and publish the same batches."""
    ending = asyncio.Event()
    work = asyncio.create_task(service.run(ending))
    keeping = asyncio.create_task(leadership.keep(stopping))
    answering = asyncio.create_task(previewing.run())
    try:
        await asyncio.wait([work, keeping, answering], return_when=asyncio.FIRST_COMPLETED)
    finally:
        ending.set()
        tasks = (work, keeping, answering)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
