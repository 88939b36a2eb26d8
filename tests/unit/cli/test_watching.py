"""How the demonstration measures the time from request to row."""

import asyncio
import threading
import time
from typing import Any, cast

import pytest

from cli.demonstration import watching
from cli.demonstration.warehouse import Warehouse
from cli.demonstration.watching import watch
from cli.errors import RunFailed
from cli.gateway import Gateway


class Line:
    """A gateway and a warehouse in one: rows can be read `delay` seconds after a request, half of them at first."""

    def __init__(self, delay: float, rows: int = 100) -> None:
        self.delay = delay
        self.rows = rows
        self.asked: dict[str, float] = {}
        self.started: list[bool] = []
        self._lock = threading.Lock()

    def scrape(self, job: dict[str, Any]) -> dict[str, Any]:
        return self._run()

    def start(self, job_id: str, *, force: bool) -> dict[str, Any]:
        assert job_id == "job"
        self.started.append(force)
        return self._run()

    def _run(self) -> dict[str, Any]:
        with self._lock:
            run = f"run-{len(self.asked)}"
            self.asked[run] = time.monotonic()
        return {"job_id": "job", "run_id": run}

    def rows_by_run(self, dataset: str, runs: list[str]) -> dict[str, int]:
        assert dataset == "deals"
        now = time.monotonic()
        waited = {run: now - self.asked[run] for run in runs}
        return {run: self.rows if for_s >= self.delay else self.rows // 2 for run, for_s in waited.items()}


async def watched(line: Line, times: int, every: float, rows: int = 100) -> watching.Watched:
    return await watch(
        cast(Gateway, line), cast(Warehouse, line), {"dataset": "deals"}, times=times, every=every, rows=rows,
        progress=lambda done: None,
    )  # fmt: skip


async def test_every_run_is_measured_never_early_and_little_late() -> None:
    line = Line(delay=0.2)
    found = await watched(line, times=5, every=0.05)
    assert set(found.latency) == set(line.asked)
    assert line.started == [True] * 4
    assert all(latency >= 0.2 for latency in found.latency.values())
    assert sorted(found.latency.values())[2] < 5, "it is some hundredths late"


async def test_half_of_the_rows_are_not_the_rows() -> None:
    found = await watched(Line(delay=0.15), times=1, every=0.0)
    assert found.latency["run-0"] >= 0.15


async def test_starts_keep_their_pace_whatever_a_run_takes() -> None:
    class Patient(Line):
        def rows_by_run(self, dataset: str, runs: list[str]) -> dict[str, int]:
            return super().rows_by_run(dataset, runs) if len(self.asked) == 6 else dict.fromkeys(runs, 0)

    line = Patient(delay=0.0)
    async with asyncio.timeout(60):
        await watched(line, times=6, every=0.1)
    moments = list(line.asked.values())
    assert moments[-1] - moments[0] > 0.3, "and none is asked for before its time"


async def test_rows_that_never_come_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_PATIENCE", 0.2)
    with pytest.raises(ExceptionGroup) as caught:
        async with asyncio.timeout(60):
            await watched(Line(delay=3600), times=1, every=0.0)
    assert caught.group_contains(RunFailed, match="1 runs are still not in ClickHouse")
