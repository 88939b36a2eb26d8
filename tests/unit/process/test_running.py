"""What every stage's process does between its loops' beginning and their end."""

import asyncio

import pytest

from infra import notify
from streams.running import consume


class Looping:
    """A loop that starts and ends when it is told to."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.starts = asyncio.Event()
        self.problem = problem

    async def run(self, stopping: asyncio.Event, started: asyncio.Event) -> None:
        await self.starts.wait()
        if self.problem:
            raise self.problem
        started.set()
        await stopping.wait()


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set once the process has said that it is ready."""
    said = asyncio.Event()
    monkeypatch.setattr(notify, "ready", said.set)
    return said


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_ready_is_who_consumes_with_every_loop(ready: asyncio.Event) -> None:
    stopping, loops, done = asyncio.Event(), [Looping(), Looping()], []

    async def beside() -> None:
        await stopping.wait()
        done.append("beside")

    work = asyncio.create_task(consume(stopping, loops, beside()))
    loops[0].starts.set()
    await turns()
    assert not ready.is_set()
    loops[1].starts.set()
    async with asyncio.timeout(60):
        await ready.wait()
        await turns()
        assert not work.done()
        stopping.set()
        await work
    assert done == ["beside"]


async def test_who_fails_before_it_consumes_is_not_ready_and_leaves_nothing_running(ready: asyncio.Event) -> None:
    before = asyncio.all_tasks()
    failing, other = Looping(ValueError("no")), Looping()
    failing.starts.set()
    async with asyncio.timeout(60):
        with pytest.raises(ValueError, match="no"):
            await consume(asyncio.Event(), [failing, other])
    await turns()
    assert not ready.is_set() and asyncio.all_tasks() == before


async def test_what_ends_beside_the_loops_ends_them_by_its_error(ready: asyncio.Event) -> None:
    loop, stopping = Looping(), asyncio.Event()
    loop.starts.set()

    async def beside() -> None:
        await ready.wait()
        raise ValueError("no mail")

    async with asyncio.timeout(60):
        with pytest.raises(ValueError, match="no mail"):
            await consume(stopping, [loop], beside())
