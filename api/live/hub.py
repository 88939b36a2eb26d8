"""The one reader of Kafka in a gateway, and everyone who listens to it."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from api.live.cursors import Cursors, Positions
from api.live.ending import Ending, Endings
from api.live.frames import Parcel, cursor_of, is_live
from api.live.opening import parcel_of
from api.live.repeats import Repeats
from api.live.ring import Ring
from api.live.streams import LIVE_TOPICS, Stream
from api.live.subscription import Subscription, Told
from api.metrics import Metrics
from api.ports import Feed, OpenFeed
from api.ports.live import Place, Reading
from schemas import codec
from schemas.errors import CodecError
from schemas.events import MetricSample
from schemas.heads import head_of
from schemas.message import Message
from schemas.topics import CLEAN_RECORDS

log = structlog.get_logger()

_LOOK_BACK_S = 30.0
_PAUSE_S = 1.0
_ENDED_REMEMBERED = 2000


class _MadeAnew(Exception):
    """A topic is not the one it was: the feed is opened again at its beginning."""


class Hub:
    """Reads the live topics once for all, keeps what passed lately, and hands it to whoever subscribed.

    Each message has its place; `at` is the next offset of all of them. A listener joins where it is, if what follows
    is still here, and gets from there on everything of its stream, once and in the order of each partition. A run's
    end is handed to its listeners only after everything that it promises (`end_offsets`) was. After an outage the feed
    goes on where it was; what was trimmed meanwhile, and a topic that was made anew, interrupt whom it concerns: they
    read on for themselves and join again. A message that cannot be shown is counted and left.
    """

    def __init__(self, open_feed: OpenFeed, metrics: Metrics, ring: Ring, buffer: int, cursors: Cursors) -> None:
        self._open_feed = open_feed
        self._metrics = metrics
        self._ring = ring
        self._buffer = buffer
        self._cursors = cursors
        self._listeners: dict[str, dict[Stream, set[Subscription]]] = {}
        self._repeats = Repeats()
        self._endings = Endings()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self.at = Positions({}, {})
        self.connected = asyncio.Event()
        self.metrics_heard: set[Callable[[MetricSample], None]] = set()

    async def run(self) -> None:
        """Reads for ever; whatever fails is tried again."""
        while True:
            known = {place: self.at.get(place) for place in self.at.places()}
            since = 0.0 if known else _LOOK_BACK_S
            try:
                async with self._open_feed(Reading(topics=LIVE_TOPICS, since=since, first=known or None)) as feed:
                    self._begin(feed)
                    async for message in feed:
                        self._take(message)
            except _MadeAnew:
                continue
            except Exception as problem:  # a gateway without Kafka still answers; live data comes when it is back
                log.warning("live_feed_lost", error=str(problem), again_in_s=_PAUSE_S)
            finally:
                self.connected.clear()
                self._metrics.live_connected.set(0)
            await asyncio.sleep(_PAUSE_S)

    def lagging(self, stream: Stream, at: Positions) -> list[Place]:
        """The places of which the listener lacks what is no longer here."""
        self._ring.trim()
        here = self.at.of(stream.topics)
        return [place for place in here.places() if at.get(place) < self._ring.begins.get(place, 0)]

    def ahead(self, stream: Stream, at: Positions) -> list[Place]:
        """The places of which another replica has told more than has come here."""
        return [place for place in at.places() if at.get(place) > self.at.get(place) and place[0] in stream.topics]

    def position(self, stream: Stream) -> Positions:
        """Where a listener is who has heard everything: an end that is held back is still to come."""
        found = self.at.of(stream.topics)
        for place, offset in self._held(stream).items():
            found.move(place, offset)
        return found

    def beginning(self, topic: str, at: Positions) -> None:
        """Moves a position back to where what is kept here of a topic begins."""
        for place in at.places():
            if place[0] == topic:
                at.move(place, self._ring.begins.get(place, at.get(place)))

    @contextmanager
    def listening(self, stream: Stream, at: Positions, spilled: Callable[[], None]) -> Iterator[Subscription]:
        """A subscription to a stream from a position that is neither lagging nor ahead. `spilled` is called once when
        the listener takes less than comes in."""
        held = self._endings.of(stream.run_id)
        backlog = [
            parcel
            for parcel in self._ring.since(stream.key, at)
            if stream.holds(parcel) and not (held and parcel is held.parcel)
        ]
        if stream.run_id:  # an end that was held back stands before what it waited for
            backlog.sort(key=lambda parcel: parcel.ends)
        subscription = Subscription(self._buffer, spilled, backlog, self.position(stream))
        streams = self._listeners.setdefault(stream.key, {})
        streams.setdefault(stream, set()).add(subscription)
        try:
            yield subscription
        finally:
            streams[stream].discard(subscription)
            if not streams[stream]:
                del streams[stream]
            if not streams and self._listeners.get(stream.key) is streams:
                del self._listeners[stream.key]

    def has_ended(self, run_id: str) -> bool:
        """Whether the end of this run was handed out here."""
        return run_id in self._ended

    def _held(self, stream: Stream) -> dict[Place, int]:
        held = self._endings.of(stream.run_id) if stream.run_id else None
        return {held.parcel.place: held.parcel.offset} if held else {}

    def _begin(self, feed: Feed) -> None:
        ids = {topic: identity.bytes[:8] for topic, identity in feed.ids.items()}
        anew = [topic for topic, identity in ids.items() if self.at.ids.get(topic, identity) != identity]
        for topic in anew:
            self._interrupt(topic)
            self._made_anew(topic, ids[topic], len(feed.positions().get(topic, ())))
        if anew:
            raise _MadeAnew
        for topic, places in feed.positions().items():
            new = topic not in self.at.ids
            if new:
                self.at.ids[topic], self.at.offsets[topic] = ids[topic], [0] * (max(places) + 1)
            for partition, offset in places.items():
                place = (topic, partition)
                if new:
                    self.at.move(place, offset)
                    self._ring.begins[place] = offset
                elif offset != self.at.get(place):
                    self._jumped(place, offset)
        self.connected.set()
        self._metrics.live_connected.set(1)

    def _made_anew(self, topic: str, identity: bytes, partitions: int) -> None:
        self.at.ids[topic], self.at.offsets[topic] = identity, [0] * partitions
        self.at.move((topic, 0), 0)
        self._ring.forget(topic, self.at)
        self._repeats.forget(topic)

    def _jumped(self, place: Place, offset: int) -> None:
        """Messages were trimmed before they were read, or the log lost its end."""
        log.warning("live_feed_jumped", topic=place[0], partition=place[1], known=self.at.get(place), now=offset)
        self._interrupt(place[0])
        shortened = offset < self.at.get(place)
        self.at.move(place, offset)
        if shortened:
            self._ring.forget(place[0], self.at)
            self._repeats.forget(place[0])
        else:
            self._ring.cut(place, offset)

    def _interrupt(self, topic: str) -> None:
        for streams in self._listeners.values():
            for stream, subscriptions in streams.items():
                if topic in stream.topics:
                    at = self.position(stream)
                    for subscription in subscriptions:
                        subscription.interrupt(at.of(stream.topics))

    def _take(self, message: Message) -> None:
        place = (message.topic, message.partition)
        known = self.at.get(place)
        if message.offset < known:
            return
        if message.offset > known:
            self._jumped(place, message.offset)
        self._metrics.live_messages.labels(message.topic).inc()
        try:
            self._tell(message)
        except CodecError:
            # Whoever owns the topic's reading dead-letters it; here it is only not shown.
            self._metrics.live_bad_messages.inc()
        except Exception as problem:  # what no frame can be made of is read again and again if it ends the feed
            self._metrics.live_bad_messages.inc()
            log.warning("live_message_left", topic=message.topic, offset=message.offset, error=str(problem))
        self.at.move(place, message.offset + 1)
        for ending in self._endings.kept(self.at):
            self._ended[ending.parcel.run_id] = None
            while len(self._ended) > _ENDED_REMEMBERED:
                self._ended.popitem(last=False)
            self._hand_out(ending.parcel, ending.parcel.run_id)

    def _tell(self, message: Message) -> None:
        # Records are opened for whoever listens to them, and mostly nobody does.
        event = head_of(message) if message.topic == CLEAN_RECORDS else codec.decode(message.topic, message.value)
        if isinstance(event, MetricSample):
            self._metrics.heard(event)
            for heard in self.metrics_heard:
                heard(event)
        place = (message.topic, message.partition)
        if not is_live(event) or self._repeats.seen(place, message.offset, event.event_id()):
            return
        parcel = parcel_of(message, event)
        ending = Ending.of(parcel) if parcel.ends else None
        self._ring.add(parcel)
        self._hand_out(parcel, parcel.topic)
        if ending:
            self._endings.add(ending)
        else:
            self._hand_out(parcel, parcel.run_id)

    def _hand_out(self, parcel: Parcel, key: str) -> None:
        streams = self._listeners.get(key)
        for stream, subscriptions in streams.items() if streams else ():
            if stream.holds(parcel) and parcel.frames:
                told = self._encoded(stream, parcel)
                for subscription in subscriptions:
                    subscription.offer(told)

    def _encoded(self, stream: Stream, parcel: Parcel) -> Told:
        held = self._held(stream)
        texts = self._cursors.texts(stream.name, stream.topics, self.at, parcel, held)
        cursor = cursor_of(texts[-1]) if texts else ""
        return Told(parcel, tuple(zip(parcel.frames, texts, strict=True)), cursor, 200 + sum(map(len, texts)))
