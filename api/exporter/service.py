"""Takes what is asked for, makes it, and shows it when it is whole.

A file is written beside everything (an unnamed temporary file, which goes with its process), stored in a place of this
attempt alone, and only then named by its row: who is killed at any moment has shown nothing, and another exporter
begins anew when the lease has lapsed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from api.exporter.errors import ExportError
from api.exporter.folder import sweep, unnamed
from api.exporter.making import digest_of, make
from api.exporter.packing import packed
from api.exporter.ports import Files, Rows, Work
from schemas.exports import Export

log = structlog.get_logger()

MOST_TRIES = 3
_AT_ONCE = 2
_LOOK_EVERY_S = 1.0
_TIDY_EVERY_S = 60.0
_SWEEP_EVERY_S = 3600.0
_LEFT_S = 86_400.0
"""Nobody makes a file for so long: what is older was left behind."""

_FAREWELL_S = 2.0
"""For so long a process that ends tries to give back what it was making; else the lease lapses."""


class _Stored(NamedTuple):
    records: int
    size: int
    sha256: str


class Exporter:
    """`lease_s` is the lease of `work`; `place(export_id, attempt)` names where a file is stored. `sweep` removes what
    nobody dropped."""

    def __init__(
        self,
        work: Work,
        rows: Rows,
        files: Files,
        *,
        folder: Path,
        most_bytes: int,
        place: Callable[[str, int], str],
        sweep: Callable[[], Awaitable[int]],
        lease_s: float,
    ) -> None:
        self._work = work
        self._rows = rows
        self._files = files
        self._folder = folder
        self._most_bytes = most_bytes
        self._place = place
        self._sweep = sweep
        self._lease_s = lease_s
        self._rung = asyncio.Event()
        self._untidy = asyncio.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`; what is under way is then given back. It ends soon whatever a store does."""
        beside = [asyncio.create_task(task) for task in (self._listen(), self._plan(), self._tidy())]
        makers = [asyncio.create_task(self._make()) for _ in range(_AT_ONCE)]
        ended = asyncio.create_task(stopping.wait())
        try:
            done, _ = await asyncio.wait([*beside, *makers, ended], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (*beside, ended, *makers):
                task.cancel()
            await asyncio.gather(*beside, *makers, ended, return_exceptions=True)

    async def _listen(self) -> None:
        async for _ in self._work.rung():
            self._rung.set()
            self._untidy.set()

    async def _plan(self) -> None:
        while True:
            if await self._work.plan():
                self._rung.set()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _tidy(self) -> None:
        swept, clock = -_SWEEP_EVERY_S, asyncio.get_running_loop().time
        while True:
            self._untidy.clear()
            await self._work.expire()
            while blobs := await self._work.to_drop():
                for blob in blobs:
                    await self._files.delete(blob)
                await self._work.dropped(blobs)
            if clock() - swept > _SWEEP_EVERY_S:
                swept = clock()
                await self._sweep()
                await asyncio.to_thread(sweep, self._folder, _LEFT_S)
            await _at_most(self._untidy.wait(), _TIDY_EVERY_S)

    async def _make(self) -> None:
        while True:
            export = await self._work.take()
            if export is not None:
                await self.one(export)
                continue
            self._rung.clear()
            await _at_most(self._rung.wait(), _LOOK_EVERY_S)

    async def one(self, export: Export) -> None:
        """Makes one that was taken, for as long as it is ours; whatever keeps it from being made is told to whoever
        asked."""
        storing = asyncio.create_task(self._stored(export))
        keeping = asyncio.create_task(self._kept(export))
        try:
            await asyncio.wait((storing, keeping), return_when=asyncio.FIRST_COMPLETED)
            if storing.done():
                await self._show(export, storing.result())
            else:
                await _ended(storing)
                log.info("export_let_go", export=export.id)
                await self._work.drop(self._place(export.id, export.attempt))
        except asyncio.CancelledError:
            await _ended(storing)
            await _at_most(self._work.give_back(export), _FAREWELL_S)
            raise
        except (ExportError, OverflowError) as problem:
            more = " Export fewer records, or another format." if isinstance(problem, OverflowError) else ""
            await self._work.fail(export, f"{problem}{more}")
        except Exception as problem:  # its lease lapses, and it is tried again MOST_TRIES times at most
            log.error("export_not_made", export=export.id, attempt=export.attempt, exc_info=problem)
        finally:
            await _ended(storing, keeping)

    async def _stored(self, export: Export) -> _Stored:
        if export.attempt > MOST_TRIES:
            raise ExportError(f"Its exporter ended {MOST_TRIES} times while making it; ask for another format.")
        if why := await self._work.room(export.owner):
            raise ExportError(why)
        password = await self._password(export)
        with unnamed(self._folder) as file, unnamed(self._folder) as around:
            records = await make(export, self._rows, file, self._most_bytes, self._folder)
            whole = await asyncio.to_thread(packed, export, file, around, password)
            size, sha256 = await asyncio.to_thread(digest_of, whole)
            await self._files.put(self._place(export.id, export.attempt), whole)
        return _Stored(records, size, sha256)

    async def _password(self, export: Export) -> str | None:
        if not export.encrypted:
            return None
        found = await self._work.password(export)
        if found is None:
            raise ExportError("Its password cannot be opened any more; ask for the file again.")
        return found

    async def _show(self, export: Export, stored: _Stored) -> None:
        """What the store says of the claim decides, and nobody's lease."""
        blob, (records, size, sha256) = self._place(export.id, export.attempt), stored
        if await self._work.finish(export, records=records, size=size, sha256=sha256, blob=blob):
            log.info("export_made", export=export.id, format=export.format, records=records, bytes=size)
        else:
            await self._work.drop(blob)

    async def _kept(self, export: Export) -> None:
        """Renews until it is somebody else's, was deleted, or nobody has renewed it for as long as the lease lasts:
        with its store away too, from then on another may have it."""
        clock = asyncio.get_running_loop().time
        renewed = clock()
        with contextlib.suppress(TimeoutError):
            while True:
                asked = clock()
                async with asyncio.timeout_at(renewed + self._lease_s):
                    if not await self._work.renew(export):
                        return
                renewed = asked
                await asyncio.sleep(self._lease_s / 4)


async def _ended(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _at_most(waiting: Awaitable[object], seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(waiting, seconds)
