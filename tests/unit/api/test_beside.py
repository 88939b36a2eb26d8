"""What runs beside the requests goes on running, whatever a driver does to it."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from api import app as building
from api.ports.live import Reading
from tests.unit.api.conftest import World, running
from tests.unit.api.eventually import eventually
from tests.unit.api.live_fakes import FakeFeed


class Moody(FakeFeed):
    """Cancels, or fails, whoever opens it first."""

    def __init__(self, problem: BaseException) -> None:
        super().__init__()
        self._problem: BaseException | None = problem

    @asynccontextmanager
    async def open(self, wanted: Reading) -> AsyncIterator[FakeFeed.Opening]:
        if self._problem:
            problem, self._problem = self._problem, None
            raise problem
        async with super().open(wanted) as opening:
            yield opening


async def test_a_reader_that_its_driver_cancelled_reads_on(
    world: World, monkeypatch: pytest.MonkeyPatch, logged: list[MutableMapping[str, Any]]
) -> None:
    monkeypatch.setattr(building, "_AGAIN_S", 0.0)
    world.feed = Moody(asyncio.CancelledError())
    async with running(world) as client:
        await eventually(client.gateway.hub.connected.is_set)
    (said,) = [entry for entry in logged if entry["event"] == "background_ended"]
    assert said["work"] == "Hub.run"


async def test_the_gateway_itself_may_cancel_it() -> None:
    task = asyncio.create_task(building._again(asyncio.Event().wait))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task}, timeout=60)
    assert task.cancelled()


async def test_what_fails_begins_anew_and_what_is_done_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "_AGAIN_S", 0.0)
    begun = []

    async def work() -> None:
        begun.append(1)
        if len(begun) == 1:
            raise ValueError("once")

    async with asyncio.timeout(60):
        await building._again(work)
    assert len(begun) == 2
