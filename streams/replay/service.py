"""Replays, one after another: plan the rows, read what is stored, close, publish, say how far it is.

It may end anywhere. What was planned stays planned; pages whose rows may have been closed without their records being
in Kafka are read again, give the same batches under the same ids, and are dropped by id where they had arrived.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Protocol

import structlog

from schemas.codec import decode
from schemas.delivery import Reject
from schemas.errors import CodecError
from schemas.events import Event
from schemas.message import Message
from schemas.replays import Offsets, Replay
from schemas.topics import RAW_PAGES
from streams.extraction.closings import Answer, letters
from streams.extraction.ports import TaskLedger
from streams.extraction.reading import Reader
from streams.replay.ports import Replays, StoredPages
from streams.replay.rereading import Rereader, head_of, published
from streams.replay.selection import Selection, span_of

log = structlog.get_logger()

LOOK_EVERY_S = 1.0
AGAIN_AFTER_S = 2.0
PORTION = 16
"""Pages of one transaction."""


class Publisher(Protocol):
    """Kafka, awaited."""

    async def send_all(self, events: Sequence[Event]) -> None:
        """Returns once the broker has every event."""
        ...

    async def dead_letters(self, stage: str, rejects: Sequence[Reject]) -> None:
        """The same for letters."""
        ...


class Replaying:
    """Takes the replays up in their order. One page is read at a time: whoever waits for live records has the rest of
    the machine."""

    def __init__(
        self, replays: Replays, pages: StoredPages, ledger: TaskLedger, rereader: Rereader, publisher: Publisher
    ) -> None:
        self._replays = replays
        self._pages = pages
        self._ledger = ledger
        self._rereader = rereader
        self._publisher = publisher

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`. What comes between (a store that is away for long) is said, and tried again."""
        while not stopping.is_set():
            pause = LOOK_EVERY_S
            try:
                replay = await self._replays.next()
                if replay is not None:
                    await self._do(replay, stopping)
                    pause = 0.0
            except Exception as problem:
                log.error("replay_interrupted", error=repr(problem), exc_info=problem)
                pause = AGAIN_AFTER_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stopping.wait()

    async def _do(self, replay: Replay, stopping: asyncio.Event) -> None:
        if replay.reads_to is None:
            await self._plan(replay, stopping)
            return  # the next look finds it with its bounds
        reader = await self._reader(replay.run_id)
        if reader is None or await self._read(replay, reader, stopping):
            await self._replays.finish(replay.run_id)
            log.info("replay_read", run_id=replay.run_id)

    async def _plan(self, replay: Replay, stopping: asyncio.Event) -> None:
        """Rows for every page that is meant; then where reading begins and ends."""
        selection, after = Selection(replay), replay.planned_to
        while not stopping.is_set():
            candidates, rest = await self._replays.candidates(replay, after)
            # In a thread: a person's pattern may need its whole time on each URL, and the live line goes on meanwhile.
            rows = await asyncio.to_thread(selection.planned, candidates)
            if not await self._replays.plan(replay.run_id, rows, rest or after):
                await self._replays.finish(replay.run_id)
                return
            if rest is None:
                await self._replays.begin(replay.run_id, *await self._pages.span(*span_of(replay)))
                return
            after = rest

    async def _reader(self, run_id: str) -> Reader | None:
        run = await self._ledger.run(run_id)
        if run is None:
            return None
        try:
            return Reader.of(run)
        except Exception as problem:
            log.error("replay_rules_unusable", run_id=run_id, error=repr(problem))
            return Reader.without_rules(run)

    async def _read(self, replay: Replay, reader: Reader, stopping: asyncio.Event) -> bool:
        """True: everything that there is was read, or nobody wants the rest; False: paused, or stopping."""
        assert replay.reads_to is not None
        before: Offsets = replay.published
        if _at(before, replay.reads_to):
            return True
        async with self._pages.read(before, replay.reads_to) as portions:
            async for messages, after in portions:
                standing = await self._replays.standing(replay.run_id)
                told = _at(before, replay.closing)
                if standing.over or (told and not (standing.wanted and standing.left)):
                    return True
                if standing.paused or stopping.is_set():
                    return False
                wanted = [message for message in messages if head_of(message).run_id in replay.sources]
                await self._replays.note(replay.run_id, before, _furthest(after, replay.closing))
                for start in range(0, len(wanted), PORTION):
                    await self._reread(replay, reader, wanted[start : start + PORTION])
                before = after
        await self._replays.note(replay.run_id, before, before)
        return True

    async def _reread(self, replay: Replay, reader: Reader, messages: Sequence[Message]) -> None:
        heads = [(message, head_of(message)) for message in messages]
        visits = [(head.run_id, head.url_fp, head.fetch_id) for _, head in heads if head.status is not None]
        taken = {page.fetch_id: page for page in await self._replays.take(replay, visits)} if visits else {}
        found: list[tuple[Message, Answer]] = []
        for message, head in heads:
            page = taken.pop(head.fetch_id, None)
            if page is None:
                continue
            with contextlib.suppress(CodecError):  # then it was dead-lettered, and is no page of any run
                found.append((message, await self._rereader.answer(decode(RAW_PAGES, message.value), page, reader)))
        if not found:
            return
        verdicts = await self._ledger.close([answer.closing for _, answer in found])
        held = [
            (message, await self._rereader.as_before(answer, verdict), verdict)
            for (message, answer), verdict in zip(found, verdicts, strict=True)
            if verdict.held
        ]
        await self._publisher.send_all([event for _, answer, verdict in held for event in published(answer, verdict)])
        rejects = [letter for message, answer, _ in held for letter in letters(message, answer)]
        if rejects:
            await self._publisher.dead_letters("extraction", rejects)


def _at(positions: Offsets, ends: Offsets) -> bool:
    return all(positions.get(partition, 0) >= end for partition, end in ends.items())


def _furthest(one: Offsets, other: Offsets) -> dict[int, int]:
    return {partition: max(one.get(partition, 0), other.get(partition, 0)) for partition in one.keys() | other.keys()}
