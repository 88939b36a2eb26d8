"""What happens to workers of one kind of loop: killed in mid-batch, and met by messages that are no good."""

import asyncio
import signal
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from infra.kafka.publisher import Publisher
from schemas import codec
from schemas.events import Upload
from schemas.message import Message
from schemas.topics import DEAD_LETTERS, RAW_RECORDS, UPLOADS
from tests.engines import Engines
from tests.integration.kafka.workers import Worker, lag, read_all, until

KINDS = ("faust", "faust-memory", "plain")
POISON = {"malformed": b"{", "unknown_version": b'{"version": 99}', "invalid": b'{"version": 1, "dataset": 7}'}
MOST_STARTS = 8


@dataclass
class Story:
    """How it began and what was left."""

    name: str
    sent: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Where each message stands, by its name: partition and offset."""
    values: dict[str, bytes] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    letters: dict[tuple[int, int], list[Message]] = field(default_factory=dict)
    begun: Counter[str] = field(default_factory=Counter)
    ends: list[int] = field(default_factory=list)
    lag: int = -1


async def play(engines: Engines, kind: str, folder: Path) -> Story:
    """Starts, kills, and starts workers again until everything is done; then one that ends in good order."""
    story = Story(f"{kind}-{uuid4().hex}")
    worker = Worker(engines, kind, story.name, story.name, folder)
    try:
        await _publish(engines, story, _messages(story, kind))
        await worker.start()
        await until(lambda: "held" in worker.begun())
        await worker.end(signal.SIGKILL)
        (folder / "go").touch()
        await worker.start()
        await _until_done(engines, story, worker)
        await worker.end(signal.SIGTERM)
    finally:
        await worker.close()
    story.ends, story.begun = worker.ends, worker.begun()
    story.lag = await lag(engines.kafka, worker.group, UPLOADS)
    for letter in await read_all(engines.kafka, DEAD_LETTERS):
        place = int(letter.header("trawl_partition")), int(letter.header("trawl_offset"))
        if (letter.header("trawl_stage"), letter.header("trawl_topic")) == (story.name, UPLOADS):
            story.letters.setdefault(place, []).append(letter)
    return story


def _messages(story: Story, kind: str) -> list[tuple[str, bytes]]:
    """Good ones around the others. A stage with a memory that raises ends its worker: told by the unit tests."""

    def upload(name: str, *do: str) -> tuple[str, bytes]:
        return name, codec.encode(Upload(dataset=story.name, id=name, records=[{"do": what} for what in do]))

    good = [upload(f"good-{number}") for number in range(30)]
    raising = [] if kind == "faust-memory" else [upload("raising", "raise")]
    return [*good[:5], upload("held", "hold"), *good[5:9], *POISON.items(), *good[9:15], *raising, *good[15:22],
            upload("killer", "die"), *good[22:]]  # fmt: skip


async def _publish(engines: Engines, story: Story, messages: list[tuple[str, bytes]]) -> None:
    async with Publisher(engines.kafka, "test") as publisher:
        assert publisher._producer
        for name, value in messages:
            sent = await publisher._producer.send_and_wait(UPLOADS, value, key=story.name.encode())
            story.sent[name], story.values[name] = (sent.partition, sent.offset), value


async def _until_done(engines: Engines, story: Story, worker: Worker) -> None:
    wanted = {name for name in story.sent if name.startswith("good")} | {"held"}
    starts = 2
    while story.made.keys() != wanted:
        if worker.ended:
            await worker.end()
            starts += 1
            assert starts <= MOST_STARTS, f"workers end again and again: {worker.ends} {worker.begun()}"
            await worker.start()
        await asyncio.sleep(0.2)
        made = [message for message in await read_all(engines.kafka, RAW_RECORDS) if message.key == story.name.encode()]
        story.made = Counter(codec.decode(RAW_RECORDS, message.value).url for message in made)
