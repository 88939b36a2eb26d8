"""The hub: one reader, many listeners, nothing lost and nothing early."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.live.cursors import Cursors, Positions
from api.live.frames import Parcel
from api.live.hub import Hub
from api.live.ring import Ring
from api.live.streams import Stream, of_run
from api.live.subscription import Subscription, Told
from api.metrics import Metrics
from schemas import codec
from schemas.topics import CLEAN_RECORDS, RUN_EVENTS, TRENDS
from tests.unit.api.eventually import eventually
from tests.unit.api.happenings import batch, completed, event, outcome, publish, records, trend
from tests.unit.api.live_fakes import FakeFeed

RUN, JOB = "5f1d2c3b-0a9e-4f7d-8c6b-1a2b3c4d5e6f", "0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"


class Heard:
    """Everything that a subscription was given, as frames."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.spilled = 0

    def spill(self) -> None:
        self.spilled += 1

    def types(self) -> list[str]:
        return [frame["type"] for frame in self.frames]


@contextlib.asynccontextmanager
async def hub_on(feed: FakeFeed, buffer: int = 1_000_000) -> AsyncIterator[Hub]:
    hub = Hub(feed.open, Metrics(), Ring(60, 1_000_000), buffer, Cursors("a test's secret"))
    task = asyncio.create_task(hub.run())
    await asyncio.wait_for(hub.connected.wait(), 60)
    try:
        yield hub
    finally:
        task.cancel()


@contextlib.asynccontextmanager
async def hearing(hub: Hub, run_id: str = "", topic: str = "") -> AsyncIterator[Heard]:
    heard = Heard()

    async def listen() -> None:
        stream = of_run(run_id, "") if run_id else Stream(f"all of {topic}", topic, (topic,))
        with hub.listening(stream, hub.position(stream), heard.spill) as live:
            while True:
                heard.frames += [json.loads(text) for _, text in (await live.next()).frames]

    task = asyncio.create_task(listen())
    await asyncio.sleep(0)
    try:
        yield heard
    finally:
        task.cancel()


async def test_a_listener_hears_its_run_in_order_and_no_other() -> None:
    feed = FakeFeed()
    async with hub_on(feed) as hub, hearing(hub, run_id=RUN) as heard:
        publish(
            feed,
            outcome(RUN, JOB),
            batch(RUN, JOB, records("a", "b")),
            outcome("another", JOB),
            trend(RUN),
            event(RUN, JOB),
        )
        await eventually(lambda: len(heard.frames) == 5)
        assert heard.types() == ["log", "record", "record", "trend", "progress"]
        assert [frame["data"]["key"] for frame in heard.frames[1:3]] == ["a", "b"]
        assert set(heard.frames[-1]["data"]) == {
            "job_id", "current_page", "total_pages", "percent_complete", "current_operation"}  # fmt: skip


async def test_a_run_that_stands_still_says_so() -> None:
    feed = FakeFeed()
    async with hub_on(feed) as hub, hearing(hub, run_id=RUN) as heard:
        for paused in (True, False):
            publish(feed, event(RUN, JOB, kind="state", paused=paused))
        await eventually(lambda: len(heard.frames) == 4)
        told = [frame["data"] for frame in heard.frames if frame["type"] == "status"]
        assert [(data["status"], data["phase"], data["paused"]) for data in told] == [
            ("running", "paused", True), ("running", "running", False)]  # fmt: skip


async def test_a_listener_to_a_topic_hears_all_runs() -> None:
    feed = FakeFeed()
    async with hub_on(feed) as hub, hearing(hub, topic=TRENDS) as heard:
        publish(feed, trend("one"), outcome("one", JOB), trend("two"))
        await eventually(lambda: len(heard.frames) == 2)
        assert [frame["data"]["run_id"] for frame in heard.frames] == ["one", "two"]


async def test_the_end_is_told_after_everything_that_it_promises() -> None:
    feed = FakeFeed()
    async with hub_on(feed) as hub, hearing(hub, run_id=RUN) as heard:
        last = batch(RUN, JOB, records("late"))
        ends = {CLEAN_RECORDS: {"0": 1, "3": 1}, TRENDS: {"1": 1}}
        publish(feed, completed(RUN, JOB, feed, 2, end_offsets=ends))
        publish(feed, last)
        await eventually(lambda: "record" in heard.types())
        assert "complete" not in heard.types()
        publish(feed, trend(RUN), partition=1)
        await eventually(lambda: "trend" in heard.types())
        assert "complete" not in heard.types()
        publish(feed, batch("another", JOB, []), partition=3)
        await eventually(lambda: "complete" in heard.types())
        assert heard.types() == ["record", "trend", "progress", "status", "complete"]
        assert hub.has_ended(RUN)


async def test_a_failed_run_ends_with_its_reason() -> None:
    feed = FakeFeed()
    async with hub_on(feed) as hub, hearing(hub, run_id=RUN) as heard:
        publish(feed, event(RUN, JOB, "failed", "state", reason="nothing could be fetched"))
        await eventually(lambda: "complete" in heard.types())
        assert heard.types() == ["progress", "status", "error", "complete"]
        assert heard.frames[2]["data"]["message"] == "nothing could be fetched"


async def test_an_outage_leaves_neither_gap_nor_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.live.hub._PAUSE_S", 0.01)
    feed = FakeFeed()
    async with hub_on(feed) as hub, hearing(hub, topic=CLEAN_RECORDS) as heard:
        publish(feed, batch(RUN, JOB, records("a")))
        await eventually(lambda: len(heard.frames) == 1)
        feed.fail_next = 3
        feed.lose_connection()
        publish(feed, batch(RUN, JOB, records("b")))
        await eventually(lambda: len(heard.frames) == 2)
        publish(feed, batch(RUN, JOB, records("c")))
        await eventually(lambda: len(heard.frames) == 3)
        assert [frame["data"]["key"] for frame in heard.frames] == ["a", "b", "c"]
        assert len(feed.opened) == 5 and feed.opened[0].since == 30
        assert all((wanted.first or {})[CLEAN_RECORDS, 0] == 1 for wanted in feed.opened[1:]), "it goes on where it was"


async def test_what_cannot_be_read_is_counted_and_left() -> None:
    feed = FakeFeed()
    async with hub_on(feed) as hub, hearing(hub, topic=RUN_EVENTS) as heard:
        for value in (b"", b"{", b"\xff", b'{"version": 99}', b"[]", b'{"id": 1}'):
            feed.publish(RUN_EVENTS, value)
        publish(feed, event(RUN, JOB))
        await eventually(lambda: heard.types() == ["progress"])
        assert b"trawl_live_bad_messages_total 6.0" in hub._metrics.text()


async def test_promises_that_nobody_can_keep_neither_end_the_feed_nor_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.live.ending._MOST", 3)
    feed = FakeFeed()
    async with hub_on(feed) as hub, hearing(hub, run_id=RUN) as heard:
        publish(feed, completed(RUN, JOB, feed, 1, end_offsets={CLEAN_RECORDS: {"0": 99}, TRENDS: {"first": 1}}))
        for number in range(10):
            publish(feed, completed(f"run-{number}", JOB, feed, 1, end_offsets={CLEAN_RECORDS: {"0": 10**9}}))
        publish(feed, event(RUN, JOB))
        await eventually(lambda: heard.types() == ["progress"])
        assert len(feed.opened) == 1, "the feed was not opened again"
        assert len(hub._endings._waiting) == 3
        assert b"trawl_live_bad_messages_total 1.0" in hub._metrics.text()


async def test_a_number_beyond_64_bits_is_told_too() -> None:
    feed = FakeFeed()
    async with hub_on(feed) as hub, hearing(hub, topic=CLEAN_RECORDS) as heard:
        huge = codec.encode(batch(RUN, JOB, records("a"))).replace(b'"data":{', b'"data":{"huge":%d,' % 10**30)
        feed.publish(CLEAN_RECORDS, huge)
        publish(feed, batch(RUN, JOB, records("b")))
        await eventually(lambda: heard.frames)
        await eventually(lambda: len(heard.frames) == 2)
        assert [frame["data"]["key"] for frame in heard.frames] == ["a", "b"] and len(feed.opened) == 1
        assert heard.frames[0]["data"]["data"]["huge"] == 10**30


def parcel(run_id: str, size: int = 10, offset: int = 0) -> Parcel:
    return Parcel(CLEAN_RECORDS, 0, offset, batch(run_id, JOB, []), size)


def nowhere() -> Positions:
    return Positions({CLEAN_RECORDS: b"12345678"}, {CLEAN_RECORDS: [0]})


STEPS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40), st.floats(0, 5)), max_size=60)


@given(STEPS, st.integers(0, 60))
def test_the_ring_holds_the_newest_and_no_more_than_it_may(steps: list[tuple[str, int, float]], since: int) -> None:
    now = 0.0
    ring = Ring(10, 100, lambda: now)
    kept: list[tuple[float, Parcel]] = []
    for offset, (run_id, size, pause) in enumerate(steps):
        now += pause
        kept.append((now, parcel(run_id, size, offset)))
        ring.add(kept[-1][1])
        kept = [(at, each) for at, each in kept if at >= now - 10]
        while sum(each.size for _, each in kept) > 100:
            kept.pop(0)
    at = nowhere()
    at.move((CLEAN_RECORDS, 0), since)
    here = [each for _, each in kept if each.offset >= since]
    assert ring.since(CLEAN_RECORDS, at) == here
    for run_id in "abc":
        assert ring.since(run_id, at) == [each for each in here if each.run_id == run_id]
    assert ring.begins.get((CLEAN_RECORDS, 0), 0) == len(steps) - len(kept), "from there on nothing is missing"
    now += 11
    ring.trim()
    assert [ring.since(run_id, nowhere()) for run_id in "abc"] == [[], [], []]
    assert not ring._by_key and ring._size == 0


async def test_a_queue_that_is_too_long_ends_and_says_so_once() -> None:
    spilled: list[int] = []
    queue = Subscription(25, lambda: spilled.append(1), (), nowhere())
    told = Told(parcel("a"), (), "", 10)
    for _ in range(2):
        queue.offer(told)
    assert (await queue.next()).parcel.run_id == "a" and not spilled
    for _ in range(5):
        queue.offer(told)
    assert spilled == [1]
    with pytest.raises(TimeoutError):
        await queue.next(0.05)
