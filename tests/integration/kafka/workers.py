"""Worker processes that tests start and kill, and the group that they leave behind."""

import asyncio
import contextlib
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.group import LeaveGroupRequest

from schemas.message import Message
from schemas.topics import topics
from tests.engines import Engines

PROGRAM = Path(__file__).with_name("worker_program.py")
PATIENCE_S = 120.0


class Worker:
    """One process after the other, in one group."""

    def __init__(self, engines: Engines, kind: str, name: str, tag: str, folder: Path) -> None:
        self._engines = engines
        self._words = (kind, name, tag, str(folder))
        self.group = f"trawl-{name}"
        self.folder = folder
        self.ends: list[int] = []
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """A new process; it takes over what the last one left."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, str(PROGRAM), *self._words, cwd=PROGRAM.parents[3],
            env={**os.environ, **self._engines.environ, "PYTHONPATH": str(PROGRAM.parents[3])},
        )  # fmt: skip

    async def end(self, number: signal.Signals | None = None) -> int:
        """Waits for its end, by this signal if one is given; returns its exit code. Its membership ends with it."""
        assert self._process
        if number is not None:
            self._process.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            self.ends.append(await self._process.wait())
        self._process = None
        if self.ends[-1] != 0:
            await expel(self._engines.kafka, self.group)
        return self.ends[-1]

    @property
    def ended(self) -> bool:
        return self._process is None or self._process.returncode is not None

    def begun(self) -> Counter[str]:
        """What was begun with, how often."""
        with contextlib.suppress(FileNotFoundError):
            return Counter((self.folder / "begun").read_text().split())
        return Counter()

    async def close(self) -> None:
        """Leaves nothing behind."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


async def expel(brokers: str, group: str) -> None:
    """Ends the membership of whoever died, as its session's end would some seconds later."""
    async with administrator(brokers) as admin:
        node = await admin.find_coordinator(group)
        (answer,) = await admin.describe_consumer_groups([group])
        for entry in answer.groups:
            for member in entry[5]:
                await admin._send_request(LeaveGroupRequest(group, member[0]), node)


async def lag(brokers: str, group: str, topic: str) -> int:
    """Messages of a topic that a group has not acknowledged."""
    async with administrator(brokers) as admin, reader(brokers) as consumer:
        committed = await admin.list_consumer_group_offsets(group)
        places = [TopicPartition(topic, number) for number in range(topics()[topic].partitions)]
        ends = await consumer.end_offsets(places)
        return sum(end - (committed[place].offset if place in committed else 0) for place, end in ends.items())


async def read_all(brokers: str, topic: str) -> list[Message]:
    """Everything that a topic holds at this moment."""
    async with reader(brokers) as consumer:
        places = [TopicPartition(topic, number) for number in range(topics()[topic].partitions)]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        for place, begin in (await consumer.beginning_offsets(places)).items():
            consumer.seek(place, begin)
        found: list[Message] = []
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += [
                    Message(record.topic, record.partition, record.offset, record.key, record.value,
                            tuple(record.headers), record.timestamp)
                    for record in records
                ]  # fmt: skip
        return found


@contextlib.asynccontextmanager
async def administrator(brokers: str) -> AsyncIterator[Any]:
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


@contextlib.asynccontextmanager
async def reader(brokers: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(bootstrap_servers=brokers, enable_auto_commit=False)
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def until(condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Returns when it is so. What other processes do can only be looked at again and again."""
    async with asyncio.timeout(patience_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
