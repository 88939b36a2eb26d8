"""What a fetcher knows of the runs whose tasks it has: wanted, paused, at another delay, or no longer wanted."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Protocol

from schemas.leases import RunState

LOOK_EVERY_S = 1.0
NO_SOONER_S = 0.25
"""News comes with each batch of pages that anybody closes; so often at most it is a reason to look."""
FORGET_AFTER_S = 60.0


class Source(Protocol):
    """Who knows; see `producers.fetch.ports.Leases`."""

    async def run_states(self, runs: Sequence[str]) -> dict[str, RunState]: ...


class Runs:
    """A run is a stranger until it was asked about, and is asked about as long as tasks of it wait or came lately, so
    that this is bounded by what comes in FORGET_AFTER_S."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._seen: dict[str, float] = {}
        self._gone: dict[str, float] = {}
        self._looking = asyncio.Lock()
        self._looked = 0.0
        self.states: dict[str, RunState] = {}
        self.strangers = False
        self.changed = asyncio.Event()

    def wanted(self, run_id: str) -> bool:
        """Whether a task of it should be taken, as far as is known; it will be asked about."""
        if run_id in self._gone:
            return False
        self._seen[run_id] = time.monotonic()
        if run_id not in self.states:
            self.strangers = True
        return True

    async def due(self) -> None:
        """Returns when it is time to look again: a second after the last time, earlier by news."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY_S):
                await self.changed.wait()
        wait = self._looked + NO_SOONER_S - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        self.changed.clear()
        self._looked = time.monotonic()

    async def look(self, waiting: set[str] | None = None) -> set[str] | None:
        """Asks about the runs of what waits or came lately; about strangers only, where nothing is given.

        Returns the runs that nobody wants any more, or None if nothing has changed. Raises what its source raises.
        """
        async with self._looking:
            if waiting is not None:
                self._forget(waiting)
            self.strangers = False
            asked = self._seen.keys() - self.states.keys() if waiting is None else self._seen.keys() | waiting
            try:
                found = await self._source.run_states(sorted(asked)) if asked else {}
            except BaseException:
                self.strangers = True
                raise
            gone = asked - found.keys()
            same = not gone and all(self.states.get(run) == state for run, state in found.items())
            self.states.update(found)
            for run in gone:
                self.states.pop(run, None)
                self._seen.pop(run, None)
                self._gone[run] = time.monotonic()
            return None if same else gone

    def _forget(self, waiting: set[str]) -> None:
        since = time.monotonic() - FORGET_AFTER_S
        self._gone = {run: at for run, at in self._gone.items() if at > since}
        self._seen = {run: at for run, at in self._seen.items() if at > since}
        for run in self.states.keys() - self._seen.keys() - waiting:
            del self.states[run]
