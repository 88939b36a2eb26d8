"""What a fetcher does with its tasks while Kafka takes no letter, no commit, or has no driver left."""

import asyncio
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from infra.errors import StoreUnavailable
from infra.kafka import tasks as feeding
from infra.kafka.tasks import TaskConsumer
from schemas import codec
from schemas.delivery import Reject
from schemas.events import FetchTask
from schemas.topics import FETCH_TASKS

PLACE = TopicPartition(FETCH_TASKS, 0)


def record(offset: int, value: bytes) -> Any:
    return SimpleNamespace(topic=FETCH_TASKS, partition=0, offset=offset, key=None, value=value, headers=(),
                           timestamp=0)  # fmt: skip


def task(name: str) -> bytes:
    return codec.encode(FetchTask(run_id=name, url_fp="f", url="http://shop.test/", host="shop.test", attempt=1))


class Story:
    """A portion with a good task on either side of a poisonous message, and everyone who has to do with it."""

    def __init__(self) -> None:
        self.portions = [[record(0, task("a")), record(1, b"\0 not JSON"), record(2, task("b"))]]
        self.told: list[str] = []
        self.refusals = 0
        self.full = False
        self.stopping = asyncio.Event()
        self._client = SimpleNamespace(_sync_task=None)
        self._fetcher = self._coordinator = None

    async def getmany(self, **wishes: object) -> dict[TopicPartition, list[Any]]:
        if self.portions:
            return {PLACE: self.portions.pop(0)}
        self.stopping.set()
        return {}

    async def commit(self) -> None:
        self.told.append("commit")

    async def dead_letters(self, stage: str, rejects: Sequence[Reject]) -> None:
        if self.refusals:
            self.refusals -= 1
            self.told.append("refused")
            raise StoreUnavailable("away")
        self.told += [f"letter {reject.code}" for reject in rejects]

    def take(self, tasks: Iterable[FetchTask]) -> None:
        self.told += [f"task {task.run_id}" for task in tasks]

    async def play(self) -> None:
        letters: Any = self
        consumer = TaskConsumer("kafka.test:9092", letters)
        consumer._consumer = self
        async with asyncio.timeout(60):
            await consumer.feed(self, self.stopping)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "_PAUSE_S", 0.0)


async def test_letters_are_said_until_they_are_taken_and_tasks_do_not_wait_for_them() -> None:
    story = Story()
    story.refusals = 2
    await story.play()
    assert story.told == ["task a", "task b", "refused", "refused", "letter malformed", "commit"]


async def test_what_nobody_took_is_not_acknowledged_by_who_must_end() -> None:
    story = Story()
    story.refusals = 10**9
    playing = asyncio.create_task(story.play())
    while story.told.count("refused") < 3:  # noqa: ASYNC110 - each round of the story says it
        await asyncio.sleep(0)
    story.stopping.set()
    await playing
    assert story.told[:2] == ["task a", "task b"] and set(story.told[2:]) == {"refused"}


async def test_a_commit_that_does_not_end_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "LIMIT_S", 0.05)
    story = Story()
    story.portions.append([record(3, task("c"))])
    story.commit = asyncio.Event().wait  # type: ignore[assignment,method-assign]
    await story.play()
    assert story.told[-1] == "task c", "it goes on"


async def test_a_driver_that_has_given_up_ends_the_feeding() -> None:
    story = Story()
    story._client._sync_task = asyncio.create_task(asyncio.sleep(0))
    await story._client._sync_task
    story.full = True
    with pytest.raises(StoreUnavailable, match="metadata"):
        await story.play()
