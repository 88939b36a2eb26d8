"""A Kafka and a warehouse in memory, as far as live streams read them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import msgspec

from api.ports.live import Place, Reading
from schemas import codec
from schemas.errors import CodecError
from schemas.events import CleanBatch, Event
from schemas.message import Message
from schemas.past import PastMessage, Piece
from schemas.topics import topics
from tests.unit.api.switch import StoreAway, Switch

PARTITIONS = {name: topic.partitions for name, topic in topics().items()}


@dataclass
class Log:
    """One partition: what it holds begins at `begin`."""

    begin: int = 0
    messages: list[Message] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.begin + len(self.messages)


class FakeFeed:
    """The live topics. Tests publish, trim, make topics anew, and cut connections."""

    def __init__(self) -> None:
        self.logs: dict[Place, Log] = {}
        self.topic_ids: dict[str, UUID] = {}
        self.opened: list[Reading] = []
        self.pieces_open = 0
        self.stuck = False
        self.fail_next = 0
        self.broken = 0
        self.grown: set[asyncio.Event] = set()
        self._stamp = 0

    def log(self, place: Place) -> Log:
        return self.logs.setdefault(place, Log())

    def id_of(self, topic: str) -> UUID:
        return self.topic_ids.setdefault(topic, uuid4())

    def publish(self, topic: str, value: bytes, partition: int = 0) -> Message:
        log = self.log((topic, partition))
        self._stamp += 1
        message = Message(topic, partition, log.end, None, value, (), self._stamp)
        log.messages.append(message)
        self._stir()
        return message

    def again(self, topic: str, partition: int = 0) -> Event:
        """The newest message of a place, as a producer would repeat it."""
        found: Event = codec.decode(topic, self.log((topic, partition)).messages[-1].value)
        return found

    def _stir(self) -> None:
        for event in self.grown:
            event.set()

    def trim(self, place: Place, begin: int) -> None:
        """Retention."""
        log = self.log(place)
        begin = min(begin, log.end)
        if begin > log.begin:
            log.messages = log.messages[begin - log.begin :]
            log.begin = begin

    def recreate(self, topic: str) -> None:
        for place in self.logs:
            if place[0] == topic:
                self.logs[place] = Log()
        self.topic_ids[topic] = uuid4()
        self._stir()

    def ends(self) -> dict[str, dict[str, int]]:
        """End offsets as a `completed` event carries them."""
        found: dict[str, dict[str, int]] = {}
        for (topic, partition), log in self.logs.items():
            if log.end:
                found.setdefault(topic, {})[str(partition)] = log.end
        return found

    def lose_connection(self) -> None:
        self.broken += 1
        self._stir()

    @asynccontextmanager
    async def open(self, wanted: Reading) -> AsyncIterator["FakeFeed.Opening"]:
        self.opened.append(wanted)
        if self.fail_next:
            self.fail_next -= 1
            raise StoreAway("no broker")
        self.pieces_open += wanted.until is not None
        try:
            if self.stuck and wanted.until is not None:
                await asyncio.Event().wait()
            yield FakeFeed.Opening(self, wanted)
        finally:
            self.pieces_open -= wanted.until is not None

    class Opening:
        """One opening. Where no offset is named it begins at the beginning, as a feed that looks back far would."""

        def __init__(self, feed: "FakeFeed", wanted: Reading) -> None:
            self._feed = feed
            self._broken = feed.broken
            places = [(topic, number) for topic in wanted.topics for number in range(PARTITIONS[topic])]
            places = [place for place in places if wanted.until is None or place in wanted.until]
            self.ids = {topic: feed.id_of(topic) for topic in wanted.topics}
            self.begins = {place: feed.log(place).begin for place in places}
            until = wanted.until
            self._until = None if until is None else {place: min(until[place], feed.log(place).end) for place in places}
            self._next: dict[Place, int] = {}
            for place in places:
                log = feed.log(place)
                first = log.begin if wanted.first is None else wanted.first.get(place, log.begin)
                self._next[place] = min(max(first, log.begin), log.end)

        async def __aiter__(self) -> AsyncIterator[Message]:
            grown = asyncio.Event()
            self._feed.grown.add(grown)
            try:
                while True:
                    grown.clear()
                    if any(self._feed.topic_ids[topic] != found for topic, found in self.ids.items()):
                        raise StoreAway("made anew")
                    if self._broken != self._feed.broken:
                        raise StoreAway("the connection is gone")
                    found = self._oldest()
                    if found is not None:
                        self._next[found.topic, found.partition] = found.offset + 1
                        yield found
                    elif self._until is not None:
                        return
                    else:
                        await grown.wait()
            finally:
                self._feed.grown.discard(grown)

        def _oldest(self) -> Message | None:
            heads = []
            for place, offset in self._next.items():
                log = self._feed.log(place)
                offset = max(offset, log.begin)
                if offset < (log.end if self._until is None else self._until[place]):
                    heads.append(log.messages[offset - log.begin])
            return min(heads, key=lambda message: message.timestamp, default=None)

        def positions(self) -> dict[str, dict[int, int]]:
            found: dict[str, dict[int, int]] = {}
            for (topic, partition), offset in self._next.items():
                found.setdefault(topic, {})[partition] = offset
            return found


class FakePast:
    """What a warehouse has stored of a feed: what `store` took, without repeats."""

    def __init__(self) -> None:
        self.switch = Switch()
        self.kept: dict[Place, list[PastMessage]] = {}
        self.stored: dict[Place, int] = {}
        self._known: set[str] = set()

    async def up_to(self) -> Mapping[Place, int]:
        self.switch.check()
        return dict(self.stored)

    def store(self, feed: FakeFeed, place: Place | None = None) -> None:
        """Stores what there is of a place, or of all."""
        for each in [place] if place else list(feed.logs):
            log = feed.log(each)
            if log.begin > self.stored.get(each, 0):
                continue  # a warehouse stops where its topic was trimmed before it was stored
            for message in log.messages:
                if message.offset >= self.stored.get(each, 0):
                    self._keep(message)
            self.stored[each] = max(self.stored.get(each, 0), log.end)

    def _keep(self, message: Message) -> None:
        try:
            event = codec.decode(message.topic, message.value)
        except CodecError:
            return
        if event.event_id() not in self._known:
            self._known.add(event.event_id())
            self.add((message.topic, message.partition), message.offset, event)

    def add(self, place: Place, offset: int, event: object) -> None:
        self.kept.setdefault(place, []).append(PastMessage(place[1], offset, event))  # type: ignore[arg-type]
        self.stored[place] = max(self.stored.get(place, 0), offset + 1)

    def _of(self, piece: Piece, place: Place, first: int, end: int) -> list[PastMessage]:
        return [
            message
            for message in self.kept.get(place, [])
            if first <= message.offset < end
            and piece.run_id in ("", message.event.run_id)
            and piece.dataset in ("", message.event.dataset)
        ]

    async def held(self, piece: Piece, firsts: Sequence[int], ends: Sequence[int]) -> dict[int, int]:
        self.switch.check()
        found = {}
        for partition, (first, end) in enumerate(zip(firsts, ends, strict=True)):
            items = sum(_items(message) for message in self._of(piece, (piece.topic, partition), first, end))
            if items:
                found[partition] = items
        return found

    async def messages(
        self, piece: Piece, partition: int, first: int, end: int, skip: int, limit: int
    ) -> list[PastMessage]:
        self.switch.check()
        found: list[PastMessage] = []
        for message in self._of(piece, (piece.topic, partition), first, end):
            if isinstance(message.event, CleanBatch):
                records = message.event.records[skip:]
                skip -= len(message.event.records) - len(records)
                taken = records[:limit]
                limit -= len(taken)
                if taken:
                    event = msgspec.structs.replace(message.event, records=taken)
                    found.append(PastMessage(partition, message.offset, event))
            elif skip:
                skip -= 1
            elif limit:
                limit -= 1
                found.append(message)
        return found


def _items(message: PastMessage) -> int:
    return len(message.event.records) if isinstance(message.event, CleanBatch) else 1
