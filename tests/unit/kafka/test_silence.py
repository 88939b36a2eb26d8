"""Whoever reads through a driver that has given up says so, instead of waiting for ever."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from infra.errors import StoreUnavailable
from infra.kafka.faust_loop import FaustLoop
from infra.kafka.tail import Tail


async def lost(task: str) -> Any:
    """A consumer that has lost this one of its own tasks."""
    done = asyncio.create_task(asyncio.sleep(0))
    await done
    own = {name: done if name == task else None for name in ("metadata", "fetching", "group")}
    return SimpleNamespace(
        _client=SimpleNamespace(_sync_task=own["metadata"]),
        _fetcher=SimpleNamespace(_fetch_task=own["fetching"]),
        _coordinator=SimpleNamespace(_coordination_task=own["group"]),
        getmany=lambda **wishes: asyncio.sleep(0, {}),
    )


@pytest.mark.parametrize("task", ["metadata", "fetching", "group"])
async def test_a_worker_of_faust_complains(task: str) -> None:
    loop: Any = FaustLoop.__new__(FaustLoop)
    loop._app = SimpleNamespace(_consumer=None)
    assert loop._parked() == "", "it has not begun"
    thread = SimpleNamespace(_consumer=await lost("none"))
    loop._app = SimpleNamespace(_consumer=SimpleNamespace(_thread=thread))
    assert loop._parked() == ""
    thread._consumer._coordinator._pending_exception = ValueError("fatal")
    assert "parked: ValueError('fatal')" in loop._parked()
    thread._consumer = await lost(task)
    assert task in loop._parked()


@pytest.mark.parametrize("task", ["metadata", "fetching"])
async def test_a_live_reader_ends_and_may_be_opened_again(task: str) -> None:
    tail = Tail("kafka.test:9092", ["topic"])
    tail._consumer = await lost(task)
    with pytest.raises(StoreUnavailable, match=task):
        async with asyncio.timeout(60):
            async for _ in tail:
                raise AssertionError("there is nothing")
