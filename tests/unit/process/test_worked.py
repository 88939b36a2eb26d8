"""How a process with work and what goes on beside it ends: as it was told to, or with the error that ended it."""

import asyncio

import pytest

from infra.process import worked


async def visits(stopping: asyncio.Event, finished: list[str]) -> None:
    await stopping.wait()
    await asyncio.sleep(0)
    finished.append("visit")


async def for_ever() -> None:
    await asyncio.Event().wait()


async def deaf() -> None:
    raise RuntimeError("no news")


async def test_one_that_hears_no_news_finishes_its_visits_and_ends_with_the_error() -> None:
    stopping, finished = asyncio.Event(), list[str]()
    work = asyncio.create_task(visits(stopping, finished))
    async with asyncio.timeout(60):
        with pytest.raises(RuntimeError, match="no news"):
            await worked(stopping, [asyncio.create_task(for_ever()), asyncio.create_task(deaf())], work)
    assert finished == ["visit"] and stopping.is_set()


async def test_one_that_is_stopped_finishes_its_visits_and_listens_no_more() -> None:
    stopping, finished = asyncio.Event(), list[str]()
    listening = asyncio.create_task(for_ever())
    work = asyncio.create_task(visits(stopping, finished))
    asyncio.get_running_loop().call_soon(stopping.set)
    async with asyncio.timeout(60):
        await worked(stopping, [listening], work)
    await asyncio.sleep(0)
    assert finished == ["visit"] and listening.cancelled()
