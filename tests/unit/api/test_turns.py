"""Turns at reading the past: whoever reads slowly, or a store that hangs, keeps nobody else from it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from api.errors import ApiError
from api.live import catching_up
from api.live.catching_up import CatchingUp
from api.live.cursors import Cursors
from api.live.follower import Live
from api.live.hub import Hub
from api.live.pace import Pace
from api.live.ring import Ring
from api.live.streams import of_channel
from api.live.warehouse import Warehouse
from api.metrics import Metrics
from tests.unit.api.eventually import eventually
from tests.unit.api.happenings import publish, trend
from tests.unit.api.live_fakes import FakeFeed, FakePast
from tests.unit.api.patient import PATIENCE_S
from tests.unit.api.test_resuming import RUN, Listener

ITEMS = 40


@pytest.fixture
def feed() -> FakeFeed:
    return FakeFeed()


@pytest.fixture
async def live(feed: FakeFeed) -> AsyncIterator[Live]:
    """One turn at a time, and a ring that forgets at once."""
    cursors, past = Cursors("shared"), FakePast()
    hub = Hub(feed.open, Metrics(), Ring(60, 1), 100_000, cursors)
    found = Live(hub, cursors, CatchingUp(hub, Warehouse(past, past.up_to, 10_000), feed.open, Pace(1, 1e12)))
    running = asyncio.create_task(hub.run())
    await eventually(hub.connected.is_set)
    yield found
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def away(live: Live, feed: FakeFeed, count: int) -> list[Listener]:
    """Listeners who have missed everything."""
    stream = of_channel("trends", None)
    cursor = live.cursors.pack(stream.name, stream.topics, live.hub.position(stream))
    for _ in range(ITEMS):
        publish(feed, trend(RUN))
    end = {place: log.end for place, log in feed.logs.items()}
    await eventually(lambda: all(live.hub.at.get(place) == offset for place, offset in end.items()))
    return [Listener(stream, cursor) for _ in range(count)]


@pytest.mark.parametrize("portion", [1, 10_000_000])
async def test_who_reads_slowly_holds_up_nobody(
    live: Live, feed: FakeFeed, portion: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "_PORTION", portion)
    slow, quick = await away(live, feed, 2)
    slow.left, quick.left = 2, 1_000
    stuck = asyncio.create_task(slow.listen(live, to_now=True))
    await eventually(lambda: len(slow.items) == 2)
    assert feed.pieces_open == 0, "nothing is held open for somebody who does not read"
    await asyncio.wait_for(quick.listen(live, to_now=True), 60)
    assert len(set(quick.items)) == len(quick.items) == ITEMS
    slow.left = 1_000
    slow.reads.set()
    await asyncio.wait_for(stuck, 60)
    assert slow.items == quick.items


async def test_a_turn_at_a_store_that_hangs_comes_to_an_end(
    live: Live, feed: FakeFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "_TURN_WITHIN_S", 0.05)
    first, second = await away(live, feed, 2)
    feed.stuck, second.left = True, 1_000
    with pytest.raises(ApiError) as refused:
        await asyncio.wait_for(first.listen(live, to_now=True), 60)
    assert refused.value.status_code == 503 and feed.pieces_open == 0
    feed.stuck = False
    monkeypatch.setattr(catching_up, "_TURN_WITHIN_S", PATIENCE_S)
    await asyncio.wait_for(second.listen(live, to_now=True), 60)
    assert len(second.items) == ITEMS
