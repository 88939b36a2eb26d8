"""What the supervisor knows of its units, written where `trawl status` and the health endpoint read it."""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from infra.local.keeper import Keeper

PAUSE_S = 0.1
Write = Callable[[Mapping[str, object]], None]


class StatusBoard:
    """Collects changes for a moment, so that a burst of them is one write.

    The document: {"pid", "since" (ISO 8601, UTC), "processes": {name: {"pid", "state", "restarts", "why", "ending",
    "status"}}}. `ending` is `why` without what the process logged, for people who may not read logs; `status` is what
    the process last said of itself.
    """

    def __init__(self, write: Write, keepers: Iterable[Keeper]) -> None:
        self._write = write
        self._keepers = keepers
        self._since = datetime.now(UTC).isoformat(timespec="seconds")
        self._due: asyncio.TimerHandle | None = None

    def document(self) -> dict[str, object]:
        """The state of everything now."""
        return {
            "pid": os.getpid(),
            "since": self._since,
            "processes": {keeper.unit.name: _entry(keeper) for keeper in self._keepers},
        }

    def changed(self) -> None:
        """Something changed: it is written within a tenth of a second."""
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(PAUSE_S, self.flush)

    def flush(self) -> None:
        """Writes now."""
        if self._due:
            self._due.cancel()
            self._due = None
        self._write(self.document())


def _entry(keeper: Keeper) -> dict[str, object]:
    return {
        "pid": keeper.pid,
        "state": str(keeper.state),
        "restarts": keeper.restarts,
        "why": keeper.why,
        "ending": keeper.ending,
        "status": keeper.said,
    }
