"""Waiting for what a process does: whatever ends too early ends the wait."""

import asyncio

import pytest

from infra.process import until_done


async def ending(problem: BaseException | None = None) -> None:
    await asyncio.sleep(0)
    if problem:
        raise problem


async def for_ever() -> None:
    await asyncio.Event().wait()


def begun(*works: object) -> "list[asyncio.Task[None]]":
    return [asyncio.create_task(work) for work in works]  # type: ignore[arg-type]


async def test_all_are_waited_for() -> None:
    tasks = begun(ending(), asyncio.sleep(0.01))
    await until_done(*tasks)
    assert all(task.done() for task in tasks)


async def test_the_first_that_fails_ends_the_wait() -> None:
    tasks = begun(for_ever(), ending(), ending(ValueError("no")))
    async with asyncio.timeout(60):
        with pytest.raises(ValueError, match="no"):
            await until_done(*tasks)
    await asyncio.sleep(0)
    assert tasks[0].cancelled()


async def test_one_that_a_driver_cancelled_has_failed() -> None:
    tasks = begun(for_ever(), ending(asyncio.CancelledError()))
    async with asyncio.timeout(60):
        with pytest.raises(RuntimeError, match="ending was cancelled"):
            await until_done(*tasks)
    await asyncio.sleep(0)
    assert tasks[0].cancelled()
