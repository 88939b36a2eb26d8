"""Kafka as the delivery rules see it: logs that are appended to, and groups that commit under a generation."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas import codec
from schemas.delivery import Reject
from schemas.events import Event
from schemas.message import Message
from schemas.topics import DEAD_LETTERS, topic_of
from tests.fakes.pausing import Pause


@dataclass
class Group:
    """A consumer group: the newest member owns the topic; what it has committed; commits of older ones are refused."""

    generation: int = 0
    committed: int = 0

    def join(self) -> int:
        self.generation += 1
        return self.generation

    def commit(self, generation: int, offset: int) -> None:
        if generation == self.generation:
            self.committed = max(self.committed, offset)


@dataclass
class Log:
    """One partition a topic."""

    topics: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))
    groups: dict[str, Group] = field(default_factory=lambda: defaultdict(Group))

    def append(self, topic: str, value: bytes, headers: Sequence[tuple[str, bytes]] = ()) -> None:
        messages = self.topics[topic]
        messages.append(Message(topic, 0, len(messages), None, value, tuple(headers)))

    async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        return 0, len(self.topics[topic])

    async def end_offsets(self, names: Sequence[str]) -> dict[str, dict[str, int]]:
        return {name: {"0": len(self.topics[name])} for name in names}


class MemoryPublisher:
    """Appends one by one: a worker may die with half of its events published."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def send_all(self, events: Sequence[Event]) -> None:
        for event in events:
            await Pause()
            self._log.append(topic_of(type(event)), codec.encode(event), codec.headers(event, "model", "now"))

    async def send_raw(self, topic: str, key: str, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        await Pause()
        self._log.append(topic, value, headers)

    async def dead_letters(self, stage: str, rejects: Sequence[Reject]) -> None:
        for reject in rejects:
            await Pause()
            self._log.append(DEAD_LETTERS, reject.value, [("ce_id", reject.id.encode())])
