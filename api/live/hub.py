"""The one reader of Kafka in a gateway, and everyone who listens to it."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from api.live import frames
from api.live.frames import Parcel
from api.live.ring import Ring
from api.live.subscription import Subscription
from api.metrics import Metrics
from api.ports import Feed, OpenFeed
from schemas import codec
from schemas.errors import CodecError
from schemas.events import CleanBatch, MetricSample, PageOutcome, RunEvent, Trend
from schemas.ledger import OPEN_STATES
from schemas.message import Message
from schemas.topics import CLEAN_RECORDS, PAGE_OUTCOMES, RUN_EVENTS, SYSTEM_METRICS, TRENDS

log = structlog.get_logger()

TOPICS = (RUN_EVENTS, PAGE_OUTCOMES, CLEAN_RECORDS, TRENDS, SYSTEM_METRICS)
_LOOK_BACK_S = 30.0
_PAUSE_S = 1.0
_ENDED_REMEMBERED = 2000
_MOST_PENDING = 1000
_Promises = tuple[tuple[tuple[str, int], int], ...]


class Hub:
    """Reads the live topics once for all, keeps what passed lately, and hands it to whoever subscribed.

    A run's end is handed out only after everything that it promises (`end_offsets`) was. An outage is waited out:
    the feed is opened again from before the last message, and what was seen already is left out. A message that cannot
    be shown is counted and left; an end whose promises never come true is let go of when a thousand newer ones wait
    (listeners ask the store how a silent run is).
    """

    def __init__(self, open_feed: OpenFeed, metrics: Metrics, ring: Ring, buffer: int) -> None:
        self._open_feed = open_feed
        self._metrics = metrics
        self._ring = ring
        self._buffer = buffer
        self._listeners: dict[str, set[Subscription]] = {}
        self._seen: dict[tuple[str, int], tuple[int, int]] = {}
        self._pending: deque[tuple[_Promises, Parcel]] = deque(maxlen=_MOST_PENDING)
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._last_message = 0.0
        self.connected = asyncio.Event()

    async def run(self) -> None:
        """Reads for ever; whatever fails is tried again."""
        while True:
            since = _LOOK_BACK_S + (time.monotonic() - self._last_message if self._last_message else 0.0)
            try:
                async with self._open_feed(since) as feed:
                    self._begin(feed)
                    async for message in feed:
                        self._take(message)
            except Exception as problem:  # a gateway without Kafka still answers; live data comes when it is back
                log.warning("live_feed_lost", error=str(problem), again_in_s=_PAUSE_S)
            finally:
                self.connected.clear()
                self._metrics.live_connected.set(0)
            await asyncio.sleep(_PAUSE_S)

    @contextmanager
    def listening(self, spilled: Callable[[], None], run_id: str = "", topic: str = "") -> Iterator[Subscription]:
        """A subscription to a run, or to a topic over all runs, from this moment until the block ends. `spilled` is
        called once when the listener takes less than comes in."""
        subscription = Subscription(self._buffer, spilled)
        listeners = self._listeners.setdefault(run_id or topic, set())
        listeners.add(subscription)
        try:
            yield subscription
        finally:
            listeners.discard(subscription)
            if not listeners:
                self._listeners.pop(run_id or topic, None)

    def lately(self, run_id: str) -> list[Parcel]:
        """What passed of a run in the last moments, oldest first."""
        return self._ring.of_run(run_id)

    def has_ended(self, run_id: str) -> bool:
        """Whether the end of this run was handed out here."""
        return run_id in self._ended

    def _begin(self, feed: Feed) -> None:
        """Partitions that stay silent count as read up to where the feed began."""
        for topic, places in feed.positions().items():
            for partition, offset in places.items():
                known, stamp = self._seen.get((topic, partition), (0, 0))
                self._seen[topic, partition] = (max(known, offset), stamp)
        self.connected.set()
        self._metrics.live_connected.set(1)

    def _take(self, message: Message) -> None:
        place = (message.topic, message.partition)
        known, stamp = self._seen.get(place, (0, 0))
        if message.offset < known and message.timestamp <= stamp:
            return  # read before the feed was opened again; a lower offset with a later time is a topic made anew
        self._last_message = time.monotonic()
        self._metrics.live_messages.labels(message.topic).inc()
        try:
            self._told(codec.decode(message.topic, message.value))
        except CodecError:
            # Whoever owns the topic's reading dead-letters it; here it is only not shown.
            self._metrics.live_bad_messages.inc()
        except Exception as problem:  # what no frame can be made of is read again and again if it ends the feed
            self._metrics.live_bad_messages.inc()
            log.warning("live_message_left", topic=message.topic, offset=message.offset, error=str(problem))
        self._seen[place] = (message.offset + 1, max(stamp, message.timestamp))
        if self._pending:
            self._finish_what_can_be()

    def _told(self, event: object) -> None:
        if isinstance(event, MetricSample):
            self._metrics.heard(event)
            return
        parcel = _parcel(event)
        if parcel is None:
            return
        if parcel.ends and isinstance(event, RunEvent):
            self._pending.append((_promises(event), parcel))
        else:
            self._hand_out(parcel)

    def _finish_what_can_be(self) -> None:
        for _ in range(len(self._pending)):
            promises, parcel = self._pending.popleft()
            if all(self._seen.get(place, (0, 0))[0] >= end for place, end in promises):
                self._ended[parcel.run_id] = None
                while len(self._ended) > _ENDED_REMEMBERED:
                    self._ended.popitem(last=False)
                self._hand_out(parcel)
            else:
                self._pending.append((promises, parcel))

    def _hand_out(self, parcel: Parcel) -> None:
        self._ring.add(parcel)
        for name in (parcel.run_id, parcel.topic):
            for subscription in self._listeners.get(name, ()):
                subscription.offer(parcel)


def _promises(event: RunEvent) -> _Promises:
    """What is to be read before the end of a run. ValueError for partitions that are no numbers."""
    return tuple(
        ((topic, int(partition)), end)
        for topic, places in event.end_offsets.items()
        if topic in TOPICS
        for partition, end in places.items()
    )


def _parcel(event: object) -> Parcel | None:
    match event:
        case RunEvent():
            over = event.kind == "state" and event.state not in OPEN_STATES
            return Parcel(
                topic=RUN_EVENTS,
                run_id=event.run_id,
                dataset=event.dataset,
                frames=tuple(frames.of_event(event)),
                ends=over,
                stored=event.counts.stored if event.state == "completed" else 0,
            )
        case PageOutcome():
            return Parcel(
                topic=PAGE_OUTCOMES, run_id=event.run_id, dataset=event.dataset, frames=(frames.of_outcome(event),)
            )
        case CleanBatch():
            return Parcel(
                topic=CLEAN_RECORDS, run_id=event.run_id, dataset=event.dataset, frames=tuple(frames.of_batch(event))
            )
        case Trend():
            return Parcel(topic=TRENDS, run_id=event.run_id, dataset=event.dataset, frames=(frames.of_trend(event),))
    return None
