"""Messages that end their worker: how they are told from the innocent ones around them.

A process that was killed says nothing, so it must have said something before: at its first step on a partition a
worker leaves a mark, and takes it away when it ends in good order. Who finds a mark that is not its own knows that
somebody ended over what comes now. It goes on carefully, one message at a time, each counted before it is tried and
forgotten when the next one begins: the count that grows is the killer's.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from schemas.message import Message

CAREFUL = 100
"""Messages of a partition that are tried alone after a crash: more than a partition of a crawl has unacknowledged."""

_MARK = -1
Place = tuple[str, int]


class Suspects(Protocol):
    """Remembers across crashes what was being tried."""

    async def begin(self, topic: str, partition: int, offset: int, kind: str) -> int:
        """Counts one try and returns how many there were with this one. `kind` is `batch` for the mark of a worker,
        `alone` for a message, which ends the tries of those before it in the partition."""
        ...

    async def passed(self, topic: str, partition: int, offset: int) -> None:
        """The messages up to this one were tried and did no harm."""
        ...

    async def clear(self, topic: str, partition: int) -> None:
        """The tries of this partition ended well."""
        ...


class Killers:
    """One worker's marks and suspicions."""

    def __init__(self, suspects: Suspects) -> None:
        self._suspects = suspects
        self._marked: set[Place] = set()
        self._left: dict[Place, int] = {}
        self._tried: Message | None = None

    def assigned(self, topic: str, partitions: set[int]) -> None:
        """These are its own. What it lost has another owner, who found its mark and replaces it in time."""
        self._marked -= {place for place in self._marked if place[0] == topic and place[1] not in partitions}
        self._left = {place: left for place, left in self._left.items() if place in self._marked}

    async def released(self) -> None:
        """Takes every mark away."""
        for place in sorted(self._marked):
            await self._suspects.clear(*place)
            self._marked.discard(place)
            self._left.pop(place, None)

    async def split(self, messages: Sequence[Message]) -> tuple[list[Message], list[Message]]:
        """Those to try alone, and those that may go together. Marks the partitions that are seen first."""
        for place in {(message.topic, message.partition): None for message in messages}:
            if place not in self._marked:
                self._marked.add(place)
                if await self._suspects.begin(*place, _MARK, "batch") > 1:
                    self._left[place] = CAREFUL
        suspected = [message for message in messages if (message.topic, message.partition) in self._left]
        suspected.sort(key=lambda message: (message.topic, message.partition))
        others = [message for message in messages if (message.topic, message.partition) not in self._left]
        return suspected, others

    async def begin(self, message: Message) -> int:
        """Counts a try alone, and returns how many there were with this one. Nobody else is under suspicion then."""
        last, self._tried = self._tried, message
        if last and (last.topic, last.partition) != (message.topic, message.partition):
            await self._suspects.passed(last.topic, last.partition, last.offset)
        return await self._suspects.begin(message.topic, message.partition, message.offset, "alone")

    async def done(self) -> None:
        """What follows is not tried alone."""
        last, self._tried = self._tried, None
        if last:
            await self._suspects.passed(last.topic, last.partition, last.offset)

    async def survived(self, messages: Sequence[Message], settled: Mapping[Place, int]) -> None:
        """They were tried and did no harm. The suspicion ends when enough were, and some of them are settled: what
        is not would come again to whoever is next."""
        for place in list(self._left):
            tried = [message.offset for message in messages if (message.topic, message.partition) == place]
            self._left[place] -= len(tried)
            if tried and self._left[place] <= 0 and settled.get(place, 0) > min(tried):
                del self._left[place]
                await self._suspects.clear(*place)
                await self._suspects.begin(*place, _MARK, "batch")
