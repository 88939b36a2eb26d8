"""A fetcher's tasks on a real broker: what cannot be read holds nothing up, and is not lost."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from uuid import uuid4

import pytest

from infra.errors import StoreUnavailable
from infra.kafka.provision import provision
from infra.kafka.publisher import Publisher
from infra.kafka.tasks import TaskConsumer
from schemas.delivery import Reject
from schemas.events import FetchTask
from schemas.message import Message
from schemas.topics import DEAD_LETTERS, FETCH_TASKS
from tests.engines import Engines
from tests.integration.kafka.workers import lag, read_all, until


class Reluctant(Publisher):
    """Takes letters at the third time only."""

    refusals = 2

    async def dead_letters(self, stage: str, rejects: Sequence[Reject]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StoreUnavailable("the broker is away")
        await super().dead_letters(stage, rejects)


class Visitor:
    """Notes the tasks of one run."""

    full = False

    def __init__(self, run: str) -> None:
        self.urls: list[str] = []
        self._run = run

    def take(self, tasks: Iterable[FetchTask]) -> None:
        self.urls += [task.url for task in tasks if task.run_id == self._run]


@pytest.fixture
async def publisher(engines: Engines) -> AsyncIterator[Reluctant]:
    await provision(engines.kafka)
    async with Reluctant(engines.kafka, "test") as publisher:
        yield publisher


def task(run: str, url: str) -> FetchTask:
    return FetchTask(run_id=run, url_fp=url, url=url, host=run, attempt=1)


async def letters(engines: Engines, value: bytes) -> list[Message]:
    return [message for message in await read_all(engines.kafka, DEAD_LETTERS) if message.value == value]


async def test_a_poisonous_task_is_a_letter_and_the_others_are_visited(engines: Engines, publisher: Reluctant) -> None:
    run = f"run-{uuid4()}"
    poison, visitor, stopping = b"\0 no task " + run.encode(), Visitor(run), asyncio.Event()
    await publisher.send(task(run, "before"))
    await publisher.send_raw(FETCH_TASKS, run, poison, [])
    await publisher.send(task(run, "after"))
    async with TaskConsumer(engines.kafka, publisher) as consumer:
        feeding = asyncio.create_task(consumer.feed(visitor, stopping))
        await until(lambda: len(visitor.urls) == 2)
        await publisher.send(task(run, "last"))
        await until(lambda: len(visitor.urls) == 3)
        stopping.set()
        await feeding
    assert visitor.urls == ["before", "after", "last"]
    (letter,) = await letters(engines, poison)
    assert (letter.header("trawl_stage"), letter.header("trawl_topic")) == ("fetch", FETCH_TASKS)
    assert await lag(engines.kafka, "trawl-fetch", FETCH_TASKS) == 0
