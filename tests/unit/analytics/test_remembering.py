"""Answers are found once for all who ask at once, kept for their time and within their room."""

import asyncio

import pytest

from api.services.analytics.remembering import Memory


class Finding:
    """Counts, and waits until it may."""

    def __init__(self, answer: str = "found") -> None:
        self.times = 0
        self.may = asyncio.Event()
        self.may.set()
        self.answer = answer
        self.trouble: Exception | None = None

    async def __call__(self) -> str:
        self.times += 1
        await self.may.wait()
        if self.trouble:
            raise self.trouble
        return self.answer


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_who_asks_at_once_waits_for_one() -> None:
    memory, find = Memory[str](len), Finding()
    find.may.clear()
    asking = [asyncio.create_task(memory.ask("q", find)) for _ in range(5)]
    await asyncio.sleep(0)
    find.may.set()
    found = await asyncio.gather(*asking)
    assert find.times == 1 and [one.cached for one in found] == [False, True, True, True, True]


async def test_another_question_is_asked_meanwhile() -> None:
    memory, find = Memory[str](len), Finding()
    await asyncio.gather(memory.ask(("q", "mine"), find), memory.ask(("q", "theirs"), find))
    assert find.times == 2


async def test_who_goes_away_does_not_take_the_answer_from_the_others() -> None:
    memory, find = Memory[str](len), Finding()
    find.may.clear()
    first, second = (asyncio.create_task(memory.ask("q", find)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    find.may.set()
    assert (await second).answer == "found" and find.times == 1


async def test_an_answer_is_kept_for_its_time() -> None:
    clock, find = Clock(), Finding()
    memory = Memory[str](len, seconds=30, clock=clock)
    first = await memory.ask("q", find)
    clock.now = 29.9
    kept = await memory.ask("q", find)
    assert (kept.cached, kept.at) == (True, first.at) and find.times == 1
    clock.now = 30.0
    assert not (await memory.ask("q", find)).cached and find.times == 2


async def test_a_refreshed_answer_takes_the_place_of_the_kept_one() -> None:
    memory, find = Memory[str](len), Finding("old")
    await memory.ask("q", find)
    find.answer = "new"
    assert (await memory.ask("q", find)).answer == "old"
    assert (await memory.ask("q", find, refresh=True)).answer == "new"
    assert (await memory.ask("q", find)).answer == "new"


async def test_a_failure_is_told_to_all_who_wait_and_not_kept() -> None:
    memory, find = Memory[str](len), Finding()
    find.trouble = ValueError("no")
    told = await asyncio.gather(memory.ask("q", find), memory.ask("q", find), return_exceptions=True)
    assert all(isinstance(one, ValueError) for one in told) and find.times == 1
    find.trouble = None
    assert (await memory.ask("q", find)).answer == "found"


@pytest.mark.parametrize(("size", "kept"), [(0, 100), (9, 10), (24, 4), (25, 0)])
async def test_the_room_is_never_exceeded_and_the_oldest_goes_first(size: int, kept: int) -> None:
    memory, find = Memory[str](len, room=100), Finding("x" * size)
    for place in range(200):
        await memory.ask(place, find)
    found = [(await memory.ask(place, find)).cached for place in range(200 - kept, 200)]
    assert all(found) and len(found) == kept
    assert not (await memory.ask(199 - kept, find)).cached
