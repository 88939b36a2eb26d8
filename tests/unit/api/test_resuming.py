"""Streams that go on where they were: whatever was lost meanwhile, an item is told once, or a gap says what is missing.

Played through random disconnections, changes of replica, retention, repeats, a warehouse that lags, topics made anew,
and held against what was published. For each rule a variant without it is shown to be found out.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog.testing

from api.live import catching_up, frames, hub, repeats
from api.live.catching_up import CatchingUp
from api.live.cursors import Cursors, Positions
from api.live.follower import Follower, Live
from api.live.frames import Frame, Parcel, cursor_of
from api.live.hub import Hub
from api.live.pace import Pace
from api.live.ring import Ring
from api.live.streams import Stream, of_channel, of_run
from api.live.warehouse import Warehouse
from api.metrics import Metrics
from schemas.topics import CLEAN_RECORDS, PAGE_OUTCOMES, TRENDS
from tests.unit.api.eventually import eventually
from tests.unit.api.happenings import batch, outcome, publish, records, trend
from tests.unit.api.live_fakes import FakeFeed, FakePast

RUN, OTHER, JOB = "5f1d2c3b-0a9e-4f7d-8c6b-1a2b3c4d5e6f", "another", "0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"


@dataclass
class Replica:
    """A gateway's live part, with a ring that forgets soon."""

    live: Live
    task: asyncio.Task[None]

    @classmethod
    def on(cls, feed: FakeFeed, past: FakePast, ring_bytes: int) -> "Replica":
        cursors = Cursors("shared")
        found = Hub(feed.open, Metrics(), Ring(60, ring_bytes), 100_000, cursors)
        warehouse = Warehouse(past, past.up_to, 10_000)
        live = Live(found, cursors, CatchingUp(found, warehouse, feed.open, Pace(2, 1e12)))
        return cls(live, asyncio.create_task(found.run()))


@dataclass
class Listener:
    """A client: it keeps the cursor of the last frame that it read."""

    stream: Stream
    cursor: str = ""
    items: list[str] = field(default_factory=list)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    reads: asyncio.Event = field(default_factory=asyncio.Event)
    left: int = 0
    slow: bool = False

    async def send(self, text: str) -> None:
        while not self.left:
            self.reads.clear()
            await self.reads.wait()
        self.left -= 1
        said = json.loads(text)
        if said["type"] == "gap":
            self.gaps.append(said["data"])
        elif said.get("id"):
            self.items.append(said["id"])
        self.cursor = cursor_of(text) or self.cursor

    def spilled(self) -> None:
        self.slow = True

    async def listen(self, live: Live, *, to_now: bool = False) -> None:
        at = live.cursors.unpack(self.stream.name, self.stream.topics, self.cursor)

        async def tell(parcel: Parcel, told: tuple[tuple[Frame, str], ...]) -> bool:
            for _, text in told:
                await self.send(text)
            return True

        await Follower(live, self.stream, at, self).run(tell, to_now=to_now)

    async def for_a_while(self, live: Live, frames: int) -> None:
        """Listens until it has read so many frames or nothing more happens, and is cut off."""
        self.left, self.slow = frames, False
        self.reads.set()
        task = asyncio.create_task(self.listen(live))
        for _ in range(60):
            await asyncio.sleep(0)
            if task.done():
                break
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Play:
    """A random history. `published` is every item of the streams by its place."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.feed, self.past = FakeFeed(), FakePast()
        self.published: dict[str, list[tuple[str, int, int, str]]] = {}
        self.generation: Counter[str] = Counter()
        self.replicas: list[Replica] = []
        self.listeners: list[Listener] = []

    async def run(self) -> None:
        self.replicas = [Replica.on(self.feed, self.past, size) for size in (3_000, 12_000)]
        try:
            await eventually(lambda: all(each.live.hub.connected.is_set() for each in self.replicas))
            for stream in (of_run(RUN, "shop"), of_channel("records", None), of_channel("trends", "shop")):
                at = self.replicas[0].live.hub.position(stream)
                listener = Listener(stream, self.replicas[0].live.cursors.pack(stream.name, stream.topics, at))
                self.listeners.append(listener)
            for _ in range(self.random.randint(5, 25)):
                await self.step()
            await self.finish()
        finally:
            for replica in self.replicas:
                replica.task.cancel()
            await asyncio.gather(*(replica.task for replica in self.replicas), return_exceptions=True)

    async def step(self) -> None:
        match self.random.choices(
            ("publish", "listen", "trim", "store", "repeat", "outage", "restart", "anew"), (9, 9, 2, 4, 2, 2, 2, 1)
        )[0]:
            case "publish":
                for _ in range(self.random.randint(1, 12)):
                    self.publish()
            case "listen":
                listener = self.random.choice(self.listeners)
                await listener.for_a_while(self.random.choice(self.replicas).live, self.random.randint(1, 9))
            case "trim":
                place = self.random.choice([(CLEAN_RECORDS, 1), *self.feed.logs])
                self.feed.trim(place, self.feed.log(place).end - self.random.randint(0, 4))
            case "store":
                self.past.store(self.feed)
            case "repeat":
                place = self.random.choice([(CLEAN_RECORDS, 1), (TRENDS, 0), (PAGE_OUTCOMES, 2)])
                if self.feed.log(place).messages:
                    publish(self.feed, self.feed.again(*place), partition=place[1])
            case "outage":
                self.feed.lose_connection()
            case "restart":
                old = self.replicas.pop(0)
                old.task.cancel()
                self.replicas.append(Replica.on(self.feed, self.past, self.random.choice((3_000, 12_000))))
                await eventually(self.replicas[-1].live.hub.connected.is_set)
            case "anew":
                topic = self.random.choice([TRENDS, PAGE_OUTCOMES])
                self.feed.recreate(topic)
                for place in [place for place in self.past.stored if place[0] == topic]:
                    self.past.stored.pop(place)  # the warehouse was told to begin anew
                    self.past.kept.pop(place, None)
                self.generation[topic] += 1

    def publish(self, topic: str = "", partition: int = -1) -> None:
        run = self.random.choice([RUN, RUN, OTHER])
        topic = topic or self.random.choice([CLEAN_RECORDS, TRENDS, PAGE_OUTCOMES])
        partition = partition if partition >= 0 else self.random.randrange(4)
        event: Any
        if topic == CLEAN_RECORDS:
            event = batch(run, JOB, records(*"abcde"[: self.random.randint(0, 5)]))
        else:
            event = trend(run) if topic == TRENDS else outcome(run, JOB)
        publish(self.feed, event, partition=partition)
        ids = [record.id for record in event.records] if topic == CLEAN_RECORDS else [event.id]
        offset = self.feed.log((topic, partition)).end - 1
        for listener in self.listeners:
            stream = listener.stream
            if topic in stream.topics and stream.run_id in ("", run):
                told = self.published.setdefault(stream.name, [])
                told += [(f"{topic}#{self.generation[topic]}", partition, offset, each) for each in ids]

    async def finish(self) -> None:
        """Everybody reads to the end: what was trimmed is noticed by what comes after it."""
        for topic, partition in list(self.feed.logs):
            if topic in (CLEAN_RECORDS, TRENDS, PAGE_OUTCOMES):
                self.publish(topic, partition)
        for replica in self.replicas:
            at = replica.live.hub.at
            await eventually(
                lambda at=at: (
                    all(at.get(place) == log.end for place, log in self.feed.logs.items())  # type: ignore[misc]
                    and all(at.ids[topic] == self.feed.topic_ids[topic].bytes[:8] for topic in at.ids)
                )
            )
        for listener in self.listeners:
            listener.left = 10**6
            await asyncio.wait_for(listener.listen(self.random.choice(self.replicas).live, to_now=True), 60)

    def flaws(self) -> list[str]:
        """What is wrong with what was told."""
        found = []
        for listener in self.listeners:
            published = self.published.get(listener.stream.name, [])
            known = {identity for *_, identity in published}
            counts = Counter(listener.items)
            found += [f"{listener.stream.name}: twice {each}" for each, count in counts.items() if count > 1]
            found += [f"{listener.stream.name}: never published {each}" for each in counts if each not in known]
            found += [
                f"{listener.stream.name}: missing {topic}[{partition}] {offset}"
                for topic, partition, offset, identity in published
                if identity not in counts
                and not any(self.covers(gap, topic, partition, offset) for gap in listener.gaps)
            ]
            order: dict[tuple[str, int], list[int]] = {}
            offsets = {identity: (topic, partition, offset) for topic, partition, offset, identity in published}
            for each in listener.items:
                topic, partition, offset = offsets.get(each, ("", 0, 0))
                order.setdefault((topic, partition), []).append(offset)
            shuffled = [key for key, seen in order.items() if seen != sorted(seen)]
            found += [f"{listener.stream.name}: out of order in {key}" for key in shuffled]
        return found

    def covers(self, gap: dict[str, Any], topic: str, partition: int, offset: int) -> bool:
        name, generation = topic.split("#")
        first = gap["from"].get(str(partition))
        if gap["topic"] != name or first is None or offset < first:
            return False
        if gap["to"] is None:
            return int(generation) < self.generation[name]
        return bool(offset < gap["to"][str(partition)])


async def flaws_of(seeds: range) -> list[str]:
    found: list[str] = []
    with structlog.testing.capture_logs():
        for seed in seeds:
            play = Play(seed)
            await play.run()
            found += [f"seed {seed}: {flaw}" for flaw in play.flaws()]
            if found:
                break
    return found


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_PAUSE_S", 0.0)
    monkeypatch.setattr(catching_up, "_HUB_WITHIN_S", 0.2)
    monkeypatch.setattr(catching_up, "_PORTION", 300)


async def test_what_is_told_is_what_was_published_once_or_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catching_up, "_HUB_WITHIN_S", 5.0)  # a replica that is merely slow is not one that stays behind
    assert await flaws_of(range(150)) == []


def without_within(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Positions, "told", lambda *_: 0)


def without_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats.Repeats, "seen", lambda *_: False)


def without_topic_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CatchingUp, "_made_anew", lambda *_: ())


def without_catching_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hub, "lagging", lambda *_: [])


def without_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "of_gap", lambda _: Frame("note", '{"type":"note","data":{}'))


def without_the_warehouse_as_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: Any, **__: Any) -> dict[Any, Any]:
        return {}

    monkeypatch.setattr(FakePast, "held", nothing)


def without_interruptions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ring, "cut", lambda *_: None)


def without_own_cursors(monkeypatch: pytest.MonkeyPatch) -> None:
    async def one(self: Follower, parcel: Parcel, tell: Any) -> bool:
        texts = self._live.cursors.texts(self.stream.name, self.stream.topics, self._live.hub.at, parcel)
        self._at.move(parcel.place, parcel.offset + 1)
        return bool(await tell(parcel, tuple(zip(parcel.frames, texts, strict=True))))

    monkeypatch.setattr(Follower, "_one", one)


@pytest.mark.parametrize(
    "without",
    [without_within, without_repeats, without_topic_ids, without_catching_up, without_gaps,
     without_the_warehouse_as_of_now, without_interruptions, without_own_cursors],
)  # fmt: skip
async def test_each_rule_is_needed(
    without: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch)
    try:
        assert await flaws_of(range(60)) != []
    except (TimeoutError, ValueError, AssertionError) as stuck:
        assert "!= []" not in str(stuck)
