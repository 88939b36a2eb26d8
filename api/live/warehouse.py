"""What the warehouse holds of a stream, in the order in which Kafka told it."""

import time
from collections.abc import AsyncGenerator, Callable, Mapping

from api.live.cursors import Positions
from api.live.frames import Gap, Parcel
from api.live.opening import stored_parcel
from api.live.streams import Stream
from api.ports.live import Past, Place, StoredUpTo
from schemas.events import CleanBatch
from schemas.past import PastMessage
from schemas.topics import CLEAN_RECORDS, TRENDS

_PIECE = 1000
_FRESH_S = 1.0
_BY_ITEM = (CLEAN_RECORDS, TRENDS)
"""Topics of which an item is one frame, so that the warehouse can leave out what was told of a message."""


class Warehouse:
    """Reads the past of one topic at a time. `limit`: items that a listener who begins is told at most of a topic."""

    def __init__(
        self, past: Past, stored_up_to: StoredUpTo, limit: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._past = past
        self._stored_up_to = stored_up_to
        self._limit = limit
        self._clock = clock
        self._asked_at = -_FRESH_S
        self._stored: Mapping[Place, int] = {}

    async def stored(self, *, fresh: bool = False) -> Mapping[Place, int]:
        """The offset of each place before which everything is stored; a second old at most."""
        if fresh or self._clock() - self._asked_at >= _FRESH_S:
            self._stored = await self._stored_up_to()
            self._asked_at = self._clock()
        return self._stored

    async def parcels(
        self, stream: Stream, topic: str, at: Positions, ends: Mapping[Place, int], *, fresh: bool = False
    ) -> AsyncGenerator[Parcel | Gap | None]:
        """What is stored before these offsets; `at` is moved to where what is known to be stored ends. `fresh`: as of
        now, where what is not stored is nowhere. None after each question: a moment to let others ask."""
        stored = await self.stored(fresh=fresh)
        ends = {place: min(end, stored.get(place, 0)) for place, end in ends.items()}
        ends = {place: end for place, end in ends.items() if at.get(place) < end}
        if not ends:
            return
        begins = any(at.get(place) < 0 for place in ends)
        left = self._limit if begins else None
        numbers = range(len(at.offsets[topic]))
        firsts = [at.get((topic, number)) for number in numbers]
        held = await self._past.held(
            stream.piece(topic), firsts, [ends.get((topic, number), firsts[number]) for number in numbers]
        )
        for place, end in ends.items():
            if held.get(place[1]) and (left is None or left > 0):
                async for parcel in self._of_place(stream, at, place, end, left):
                    yield parcel
                    if parcel and left is not None:
                        left -= len(parcel.frames)
            elif not held.get(place[1]):
                at.move(place, end)
        if any(at.get(place) < end for place, end in ends.items()):
            yield self._too_many(topic, at, ends)

    def _too_many(self, topic: str, at: Positions, ends: Mapping[Place, int]) -> Gap:
        left = {place: end for place, end in ends.items() if at.get(place) < end}
        first = {place[1]: at.get(place) for place in left}
        for place, end in left.items():
            at.move(place, end)
        sentence = f"Only {self._limit} of what was stored before are shown; read all at /records and /trends."
        return Gap(topic=topic, first=first, to={place[1]: end for place, end in left.items()}, reason="too_many",
                   message=sentence)  # fmt: skip

    async def _of_place(
        self, stream: Stream, at: Positions, place: Place, end: int, limit: int | None
    ) -> AsyncGenerator[Parcel | None]:
        told = 0
        while limit is None or told < limit:
            first = at.get(place)
            skip = at.told(place, first) if place[0] in _BY_ITEM else 0
            most = _PIECE if limit is None else min(_PIECE, limit - told)
            found = await self._past.messages(stream.piece(place[0]), place[1], first, end, skip, most)
            items = sum(map(_items, found))
            for number, message in enumerate(found):
                # Rows without a place are one message without an end; the last one of a full piece may go on.
                cut = message.offset < 0 or (number == len(found) - 1 and items == most and place[0] in _BY_ITEM)
                before = at.told(place, message.offset) if place[0] in _BY_ITEM else 0
                yield stored_parcel(place[0], message, before, cut)
            told += items
            if items < most:
                at.move(place, end)
                return
            yield None


def _items(message: PastMessage) -> int:
    return len(message.event.records) if isinstance(message.event, CleanBatch) else 1
