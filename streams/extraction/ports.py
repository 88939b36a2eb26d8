"""What extraction needs from its surroundings: the run's rules, and the transaction that closes tasks."""

from collections.abc import Sequence
from typing import Protocol

from schemas.closings import Closed, Closing
from schemas.pinned import PinnedRun


class TaskLedger(Protocol):
    """The frontier, as extraction sees it."""

    async def run(self, run_id: str) -> PinnedRun | None:
        """The run's pinned rules; None for a run that was deleted or never was. May be remembered."""
        ...

    async def trail(self, run_id: str, url_fp: str) -> list[str]:
        """The URLs whose redirects led to a row, nearest first, as far as the run knows them."""
        ...

    async def remembered(self, run_id: str, url_fps: Sequence[str]) -> dict[str, bytes]:
        """url_fp → the packed links of pages that the run's job has seen."""
        ...

    async def close(self, closings: Sequence[Closing]) -> list[Closed]:
        """One transaction for all of them, in order; each (run, url) at most once in a call.

        Promise: of all answers to one row exactly one is ever held; links, sums and batch counts are written with it
        or not at all. Said again with the same fetch id it is held again and changes nothing, and is told what it said
        before if it says something else now. An outage is waited out.
        """
        ...
