"""The way from where a listener was to where the hub is: out of Kafka, or where it keeps no more of the warehouse."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing

from api.errors import unavailable
from api.live.cursors import Positions
from api.live.ending import Ending
from api.live.frames import Gap, Parcel, is_live
from api.live.hub import Hub
from api.live.opening import parcel_of
from api.live.pace import Pace
from api.live.repeats import REMEMBERED, Repeats
from api.live.streams import Stream
from api.live.warehouse import Warehouse
from api.ports import OpenFeed
from api.ports.live import Feed, Place, Reading
from schemas import codec
from schemas.errors import CodecError
from schemas.message import Message
from schemas.topics import RUN_EVENTS

_HUB_WITHIN_S = 15.0
"""For so long a gateway that has just begun may not know where the topics are, or be behind another replica. What it
says afterwards is final for the client: come again, or that the topic lost its end."""
_TURN_WITHIN_S = 15.0
_PORTION = 1_000_000
_PORTION_S = 1.0
"""Bytes of a stream that one turn reads, and for how long, before it is another's: opening a feed takes some 30 ms."""

_FAR = 20_000
"""Messages of everybody that are read for the sake of one run; what lies further back is asked of the warehouse, which
finds a run's own at once."""


class CatchingUp:
    """Hands out what a listener lacks until the hub can take over: parcels in the order of each partition, none twice,
    and a gap for what nobody keeps. Each parcel is told by moving `at` past it; what does not belong to the stream is
    passed over here."""

    def __init__(self, hub: Hub, warehouse: Warehouse, open_feed: OpenFeed, pace: Pace) -> None:
        self._hub = hub
        self._warehouse = warehouse
        self._open_feed = open_feed
        self._pace = pace

    async def parcels(self, stream: Stream, at: Positions) -> AsyncGenerator[Parcel | Gap]:
        """Ends when `at` is neither lagging nor ahead of the hub; join without waiting then. ApiError 503 where the hub
        has not seen Kafka yet."""
        await self.ready()
        while True:
            for gap in self._made_anew(stream, at):
                yield gap
            if ahead := await self._still_ahead(stream, at):
                yield self._shortened(at, ahead)
                continue
            lagging = self._hub.lagging(stream, at)
            if not lagging:
                return
            ends = {place: self._hub.at.get(place) for place in lagging}
            there, more = at.of(stream.topics), True
            async with aclosing(self._piece(stream, there, ends)) as piece:
                while more:
                    portion, more = await self._portion(piece, there)
                    for found in portion:
                        if isinstance(found, Gap):
                            _skip(at, found)
                        yield found
                    at.follow(there)

    async def _portion(
        self, piece: AsyncGenerator[Parcel | Gap | None], ahead: Positions
    ) -> tuple[list[Parcel | Gap], bool]:
        """Read within one turn, which is over before any of it is sent: a client that reads slowly keeps nobody from
        theirs. `ahead` is moved past it. False: there is no more. ApiError 503 when the stores take too long."""
        found: list[Parcel | Gap] = []
        try:
            async with self._pace.turn(), asyncio.timeout(_TURN_WITHIN_S):
                async for each in piece:
                    if each is None:
                        return found, True
                    if isinstance(each, Parcel):
                        ahead.tell(each)
                    found.append(each)
        except TimeoutError:
            raise unavailable("The past is not to be had just now; connect again shortly.") from None
        return found, False

    async def ready(self) -> None:
        """Returns when the hub knows where the topics are. ApiError 503 when it does not learn it soon."""
        if not self._hub.at.ids:
            try:
                await asyncio.wait_for(self._hub.connected.wait(), _HUB_WITHIN_S)
            except TimeoutError:
                raise unavailable("Live data is not to be had just now; try again shortly.") from None

    def _made_anew(self, stream: Stream, at: Positions) -> Iterable[Gap]:
        for topic in stream.topics:
            if at.ids[topic] == self._hub.at.ids[topic]:
                continue
            lost = {number: offset for number, offset in enumerate(at.offsets[topic]) if offset >= 0}
            at.ids[topic] = self._hub.at.ids[topic]
            at.offsets[topic] = [0] * len(self._hub.at.offsets[topic])
            at.within = {place: told for place, told in at.within.items() if place[0] != topic}
            at.move((topic, 0), 0)
            sentence = f"{topic} was made anew; what it held after these offsets is to be had at /records and /trends."
            yield Gap(topic=topic, first=lost, to=None, reason="topic_recreated", message=sentence)

    async def _still_ahead(self, stream: Stream, at: Positions) -> list[Place]:
        """Another replica may have been a moment ahead of this one: that is waited for."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _HUB_WITHIN_S
        while (ahead := self._hub.ahead(stream, at)) and loop.time() < deadline:  # noqa: ASYNC110 - it moves all the time
            await asyncio.sleep(0.02)
        if ahead and not self._hub.connected.is_set():
            raise unavailable("Live data is not to be had just now; try again shortly.")
        return ahead

    def _shortened(self, at: Positions, ahead: list[Place]) -> Gap:
        topic = ahead[0][0]
        places = [place for place in ahead if place[0] == topic]
        first = {place[1]: self._hub.at.get(place) for place in places}
        to = {place[1]: at.get(place) for place in places}
        for place in places:
            at.move(place, self._hub.at.get(place))
        sentence = f"{topic} lost its end; what you were told of it may not be kept, and other things may follow."
        return Gap(topic=topic, first=first, to=to, reason="log_shortened", message=sentence)

    async def _piece(
        self, stream: Stream, at: Positions, ends: Mapping[Place, int]
    ) -> AsyncGenerator[Parcel | Gap | None]:
        """Everything up to these offsets; a run's end last, when all that it promises was told. None wherever nothing
        is held open, so that a turn may end."""
        held: list[Parcel] = []
        for topic in _in_order(ends):
            here = {place: end for place, end in ends.items() if place[0] == topic}
            far = {place: end for place, end in here.items() if self._is_far(stream, at, place, end)}
            if far:
                async with aclosing(self._warehouse.parcels(stream, topic, at, far)) as stored:
                    async for found in stored:
                        if isinstance(found, Parcel) and found.ends and stream.run_id:
                            held.append(found)
                        else:
                            yield found
        left = {place: end for place, end in ends.items() if at.get(place) < end}
        if left:
            async with aclosing(self._kafka(stream, at, left)) as read:
                async for found in read:
                    if isinstance(found, Parcel) and found.ends and stream.run_id:
                        held.append(found)
                    else:
                        yield found
        for parcel in held:
            more = self._promised(stream, at, parcel)
            if more:
                async with aclosing(self._piece(stream, at, more)) as rest:
                    async for found in rest:
                        yield found
            yield parcel

    def _promised(self, stream: Stream, at: Positions, parcel: Parcel) -> dict[Place, int]:
        """What is still to be told before the end of a run. One from the warehouse has lost its promises: then it is
        everything up to now."""
        promises: Iterable[tuple[Place, int]] = Ending.of(parcel).promises
        if parcel.stored:
            now = self._hub.at.of(stream.topics)
            promises = [(place, now.get(place)) for place in now.places()]
        return {
            place: end
            for place, end in promises
            if place[0] in stream.topics and place[0] != RUN_EVENTS and at.get(place) < end
        }

    @staticmethod
    def _is_far(stream: Stream, at: Positions, place: Place, end: int) -> bool:
        return at.get(place) < 0 or bool(stream.run_id and end - at.get(place) > _FAR)

    async def _kafka(
        self, stream: Stream, at: Positions, ends: Mapping[Place, int]
    ) -> AsyncGenerator[Parcel | Gap | None]:
        """Portion by portion, the feed being closed between them; repeats are known beyond."""
        first = {place: max(0, at.get(place) - REMEMBERED) for place in ends}
        repeats = Repeats()
        while first:
            trimmed: dict[Place, int] = {}
            wanted = Reading(topics=_in_order(first), first=first, until={place: ends[place] for place in first})
            async with self._open_feed(wanted) as feed:
                if any(feed.ids[topic].bytes[:8] != at.ids[topic] for topic in wanted.topics):
                    await asyncio.sleep(0.1)  # the hub is about to see it too
                    return
                begins = {place: min(feed.begins.get(place, 0), ends[place]) for place in first}
                trimmed = {place: begin for place, begin in begins.items() if begin > at.get(place)}
                if not trimmed:
                    async with aclosing(self._feed(stream, at, feed, repeats)) as read:
                        async for found in read:
                            yield found
                    came, there = first, feed.positions()
                    first = {place: there[place[0]][place[1]] for place in first}
                    first = {place: offset for place, offset in first.items() if offset < ends[place]}
                    if first == came:
                        return  # the log is shorter than the hub knew
            for topic in _in_order(trimmed):
                here = {place: begin for place, begin in trimmed.items() if place[0] == topic}
                async with aclosing(self._trimmed(stream, topic, at, here)) as stored:
                    async for each in stored:
                        yield each
            yield None

    async def _feed(self, stream: Stream, at: Positions, feed: Feed, repeats: Repeats) -> AsyncGenerator[Parcel]:
        """A portion of it, or all."""
        clock, held = asyncio.get_running_loop().time, 0
        began = clock()
        async for message in feed:
            await self._pace.take(len(message.value or b""))
            parcel = self._read(message, repeats)
            place = (message.topic, message.partition)
            if message.offset < at.get(place):
                continue
            if parcel and stream.holds(parcel):
                yield parcel
                held += parcel.size
                if parcel.ends and stream.run_id:
                    continue  # it is told later, and nothing of the run follows it
            if at.get(place) <= message.offset:
                at.move(place, message.offset + 1)
            if held > _PORTION or clock() - began > _PORTION_S:
                return

    async def _trimmed(
        self, stream: Stream, topic: str, at: Positions, ends: Mapping[Place, int]
    ) -> AsyncGenerator[Parcel | Gap | None]:
        async with aclosing(self._warehouse.parcels(stream, topic, at, ends, fresh=True)) as stored:
            async for found in stored:
                yield found
        left = {place: end for place, end in ends.items() if at.get(place) < end}
        if left:
            first = {place[1]: at.get(place) for place in left}
            for place, end in left.items():
                at.move(place, end)
            sentence = f"{topic} no longer keeps this, and it was not stored."
            yield Gap(topic=topic, first=first, to={place[1]: end for place, end in left.items()}, reason="retention",
                      message=sentence)  # fmt: skip

    @staticmethod
    def _read(message: Message, repeats: Repeats) -> Parcel | None:
        try:
            event = codec.decode(message.topic, message.value)
        except CodecError:
            return None
        place = (message.topic, message.partition)
        if not is_live(event) or repeats.seen(place, message.offset, event.event_id()):
            return None
        return parcel_of(message, event)


def _skip(at: Positions, gap: Gap) -> None:
    for partition, offset in (gap.to or {}).items():
        at.move((gap.topic, partition), offset)


def _in_order(places: Iterable[Place]) -> list[str]:
    """Their topics; a run's end comes after everything else of it."""
    return sorted({topic for topic, _ in places}, key=lambda topic: (topic == RUN_EVENTS, topic))
