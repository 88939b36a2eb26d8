"""The deals page, asked for again and again, and how long each time until its rows can be read.

A latency is the time from just before the request is sent to the gateway until a query to ClickHouse that began
afterwards has returned all rows of that page. It is seen by asking ClickHouse again and again while anything is
outstanding, so it is late by up to one such question (some 30 ms) and never early. Every run is measured.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cli.demonstration.warehouse import Warehouse
from cli.errors import RunFailed
from cli.gateway import Gateway

_LOOK_EVERY = 0.02
_PATIENCE = 60.0


@dataclass(slots=True)
class Watched:
    """The runs that were asked for, by id, and for each the seconds from request to visible rows."""

    job_id: str = ""
    asked: dict[str, float] = field(default_factory=dict)
    latency: dict[str, float] = field(default_factory=dict)
    everything_asked: bool = False

    def outstanding(self) -> list[str]:
        """Runs whose rows were not seen yet."""
        return [run for run in self.asked if run not in self.latency]


async def watch(
    gateway: Gateway, warehouse: Warehouse, job: dict[str, Any], *, times: int, every: float, rows: int,
    progress: Callable[[int], None],
) -> Watched:  # fmt: skip
    """Runs a job `times` times, one start each `every` seconds; `rows` is what one page holds.

    Raises RunFailed when rows of some run cannot be read a minute after the last request.
    """
    watched = Watched()
    async with asyncio.TaskGroup() as group:
        group.create_task(_ask(gateway, job, times, every, watched, progress))
        group.create_task(_look(warehouse, job["dataset"], rows, watched))
    return watched


async def _ask(
    gateway: Gateway, job: dict[str, Any], times: int, every: float, watched: Watched, progress: Callable[[int], None]
) -> None:
    begun = time.monotonic()
    for number in range(times):
        await asyncio.sleep(max(0.0, begun + number * every - time.monotonic()))
        sent = time.monotonic()
        if number == 0:
            answer = await asyncio.to_thread(gateway.scrape, job)
            watched.job_id = answer["job_id"]
        else:
            answer = await asyncio.to_thread(gateway.start, watched.job_id, force=True)
        watched.asked[answer["run_id"]] = sent
        progress(number + 1)
    watched.everything_asked = True


async def _look(warehouse: Warehouse, dataset: str, rows: int, watched: Watched) -> None:
    last_news = time.monotonic()
    while not watched.everything_asked or watched.outstanding():
        waiting = watched.outstanding()
        found = await asyncio.to_thread(warehouse.rows_by_run, dataset, waiting) if waiting else {}
        seen = time.monotonic()
        for run, count in found.items():
            if count >= rows:
                watched.latency[run] = seen - watched.asked[run]
                last_news = seen
        if waiting and seen - last_news > _PATIENCE:
            raise RunFailed(f"The rows of {len(waiting)} runs are still not in ClickHouse after {_PATIENCE:g} s.")
        await asyncio.sleep(_LOOK_EVERY)
