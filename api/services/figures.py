"""How much there is: of a caller's own, or of everything for whoever watches over the system."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from api.auth.callers import Caller
from api.auth.permissions import Permission
from api.ports.exports import Storage, SystemFigures
from schemas.figures import Figures, StoredTable

_REMEMBERED_S = 5.0
_OWNERS = 1000


@dataclass(frozen=True, slots=True)
class Counted:
    """`storage` is None for whoever does not watch over the system, and while the warehouse does not answer."""

    everyone: bool
    figures: Figures
    storage: Sequence[StoredTable] | None


class Counting:
    """Each answer is remembered for some seconds, so that whoever asks often costs no more than whoever does not."""

    def __init__(
        self,
        figures: SystemFigures,
        storage: Storage,
        away: Sequence[type[Exception]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._figures = figures
        self._storage = storage
        self._away = tuple(away)
        self._clock = clock
        self._known: dict[str | None, tuple[float, Counted]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def of(self, caller: Caller) -> Counted:
        """What the caller may know."""
        watches = Permission.MONITOR in caller.permissions
        owner = None if watches else caller.user_id
        async with self._one_at_a_time:
            known = self._known.get(owner)
            if known is not None and self._clock() - known[0] < _REMEMBERED_S:
                return known[1]
            counted = Counted(watches, await self._figures.figures(owner), await self._tables() if watches else None)
            if len(self._known) >= _OWNERS:
                self._known.clear()
            self._known[owner] = self._clock(), counted
            return counted

    async def _tables(self) -> Sequence[StoredTable] | None:
        try:
            return await self._storage.tables()
        except self._away:
            return None
