"""A randomised model of the delivery rules: the production classes over in-memory logs and stores.

Dispatch, extraction, cleaning, trends, warehouse and the pump are the real ones; a fetcher that acknowledges on
receipt stands for the real one, which needs sockets and clocks. A worker is a coroutine; every await of a store or a
log is a point at which it may be killed, overtaken by an heir while it goes on (a zombie), or simply wait. Kafka's
commits are fenced by the group's generation; publishing and inserting are not, as in reality. Zombies are not ended
by their clock either: the rules must hold without it. What must be true in the end is written in `promises.py`.
"""

import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import count
from random import Random
from typing import Any
from unittest.mock import patch

import zstandard

from infra.errors import Fenced
from infra.kafka.pump import Pump
from producers.dispatch.brake import Brake
from producers.dispatch.closing import Closer
from producers.dispatch.service import Dispatch
from producers.dispatch.tasks import task_of
from schemas import codec
from schemas.events import FetchResult, FetchTask
from schemas.frontier import Seed
from schemas.ids import digest
from schemas.job import JobDescription
from schemas.pinned import PinnedRun
from schemas.topics import CLEAN_RECORDS, FETCH_TASKS, RAW_PAGES, RAW_RECORDS
from schemas.urls import fingerprint
from streams.cleaning.stage import Cleaning
from streams.extraction.stage import Extraction
from streams.trends.detector import Settings
from streams.trends.stage import Trends
from streams.warehouse.stage import Warehouse
from tests.fakes.bodies import MemoryBodies
from tests.fakes.frontier import MemoryFrontier
from tests.fakes.log import Log, MemoryPublisher
from tests.fakes.pausing import Pause
from tests.fakes.warehouse import MemoryIntents, MemoryRows, MemorySnapshots, MemorySuspects, NoMeter

WORKERS = ("dispatch", "fetch", "extraction", "cleaning", "trends", "warehouse")
RUN = digest("the run")
NOW = "2026-01-01T00:00:00.000Z"
SENSITIVE = Settings(bar=0.01, budget=0.9, toll=0.01, rest=0, warm_up=1)
"""Alarms at nearly every observation, so that a memory that is off by one message shows in the trends."""

Worker = Coroutine[Any, Any, None]


class Plenty:
    """A disk without an end."""

    def free_bytes(self) -> None:
        return None


class PatientPump(Pump):
    """Here a worker is killed at every other step, so that innocent messages look like killers: none is given up."""

    TRIES_ALONE = 1_000_000


def moody(kind: type[Trends], dice: Random) -> type[Trends]:
    """The stage with dice for a clock: its two seconds are over now and then."""

    class Moody(kind):  # type: ignore[valid-type, misc]
        async def settle(self, *, idle: bool) -> Any:
            over = dice.random() < 0.4
            for place in self._places.values():
                place.saved_at = float("-inf") if over else time.monotonic()
            return await super().settle(idle=idle)

    return Moody


def job(pages: int) -> JobDescription:
    """Items with a price and a flag that decides whether they are rejected or filtered."""
    return JobDescription.model_validate(
        {
            "url": "http://site.test/0",
            "name": "model",
            "options": {"follow": True, "delay": 0, "concurrency": 4, "max_pages": pages - 1, "max_retries": 2},
            "extract": {
                "items": "li",
                "fields": {"sku": "b", "kind": {"css": "i", "required": True}, "price": {"css": "u", "type": "price"}},
                "key": "sku",
            },
            "filters": {"kind": ["good", "fine"]},
        }
    )


@dataclass
class World:
    """Everything that outlives a worker. `parts` replaces classes by broken ones, to see the model find them out."""

    seed: int
    pages: int = 7
    parts: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    victims: Sequence[str] = WORKERS
    """Who is killed and overtaken; the fewer, the more often."""

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)
        self.log = Log()
        self.frontier: MemoryFrontier = self._part("frontier", MemoryFrontier)
        self.rows: MemoryRows = self._part("rows", MemoryRows, self.dice)
        self.intents: MemoryIntents = self._part("intents", MemoryIntents, self.frontier)
        self.snapshots: MemorySnapshots = self._part("snapshots", MemorySnapshots)
        self.suspects = MemorySuspects()
        self.publisher = MemoryPublisher(self.log)
        self.served: dict[str, int] = {}
        self.missing_at_the_end: list[str] | None = None
        self.faulty = True
        self.turns = 0
        self._numbers = count()
        start = "http://site.test/0"
        pinned = PinnedRun(id=RUN, job_id=digest("job"), dataset="model", description=job(self.pages))
        self.frontier.open(pinned, [Seed(fingerprint(start), start, "site.test")])

    def _part(self, name: str, usual: Callable[..., Any], *arguments: Any) -> Any:
        part = self.parts.get(name, usual)
        return part(self, *arguments) if getattr(part, "needs_world", False) else part(*arguments)

    def events(self, topic: str) -> list[Any]:
        """Everything that was ever published to a topic, in order."""
        return [codec.decode(topic, message.value) for message in self.log.topics[topic]]

    @property
    def over(self) -> bool:
        """The run has ended, well or not."""
        return self.frontier.runs[RUN].state in ("completed", "failed")

    def look(self) -> None:
        """After every turn: what was missing at the moment at which the run was said to be over."""
        self.turns += 1
        if self.over and self.missing_at_the_end is None:
            self.missing_at_the_end = self.missing()

    def calm(self) -> None:
        """From here on nothing fails any more; what was under way arrives."""
        self.faulty = self.rows.faulty = False
        for land in self.rows.late:
            land()
        self.rows.late.clear()

    # workers

    def start(self, name: str) -> Worker:
        """A new owner of that work: whoever had it is a zombie from here on."""
        match name:
            case "dispatch":
                return self._dispatch()
            case "fetch":
                return self._fetch(self.log.groups["fetch"].join())
            case "extraction":
                clock = partial(datetime, 2026, 1, 1, tzinfo=UTC)
                stage = self._part("extraction", Extraction, self.frontier, MemoryBodies(), clock, self.dice)
                return self._stage(name, RAW_PAGES, stage)
            case "cleaning":
                return self._stage(name, RAW_RECORDS, self._part("cleaning", Cleaning))
            case "trends":
                kind: Any = moody(self.parts.get("trends", Trends), self.dice)  # type: ignore[arg-type]
                return self._stage(name, CLEAN_RECORDS, kind(self.snapshots, SENSITIVE, self.log))
            case _:
                stage = self._part("warehouse", Warehouse, self.intents, self.rows, self.log, lambda: NOW, "cluster")
                return self._stage(name, CLEAN_RECORDS, stage)

    def free_bytes(self) -> int | None:
        """Now and then the disk is full, and dispatch gives nothing out."""
        return 0 if self.faulty and self.dice.random() < 0.1 else None

    async def _dispatch(self) -> None:
        closer = self._part("closer", Closer, self.frontier, self.rows, self.log)
        dispatch = Dispatch(self.frontier, self.publisher, closer, lambda: NOW, Brake(Plenty()))
        while True:
            await dispatch.round()
            await Pause()

    async def _fetch(self, generation: int) -> None:
        group = self.log.groups["fetch"]
        position = group.committed
        answered: dict[tuple[str, str], int] = {}
        while True:
            await Pause()
            if group.generation != generation:
                return
            messages = self.log.topics[FETCH_TASKS][position : position + self.dice.randint(1, 3)]
            position += len(messages)
            group.commit(generation, position)  # on receipt: what is lost from here on is issued again
            for message in messages:
                await Pause()
                task = codec.decode(FETCH_TASKS, message.value)
                if answered.get((task.run_id, task.url_fp), -1) >= task.tries:
                    continue  # as the fleet does: a try that had a whole response is not made twice
                result = self._visited(task)
                await self.publisher.send_all([result])
                if result.failure is None:
                    answered[task.run_id, task.url_fp] = task.tries

    def _visited(self, task: FetchTask) -> FetchResult:
        number = next(self._numbers)
        fetch_id = digest("fetch", str(number))
        common = {
            "fetch_id": fetch_id, "run_id": task.run_id, "url_fp": task.url_fp, "url": task.url, "host": task.host,
            "attempt": task.attempt, "depth": task.depth, "tries": task.tries, "fetched_at": NOW,
        }  # fmt: skip
        if self.faulty and self.dice.random() < 0.3:
            if self.dice.random() < 0.5:
                return FetchResult(**common, status=503)  # type: ignore[arg-type]
            return FetchResult(**common, failure="timeout", reason="too slow")  # type: ignore[arg-type]
        body = self._page(fetch_id)
        return FetchResult(
            **common,  # type: ignore[arg-type]
            status=200,
            headers=[("content-type", "text/html; charset=utf-8")],
            body=zstandard.compress(body, 1),
            body_size=len(body),
        )

    def _page(self, fetch_id: str) -> bytes:
        """No two visits find the same page: prices move, items come and go."""
        kinds = self.dice.choices(["good", "fine", "bad", ""], [4, 4, 1, 1], k=self.dice.randint(0, 3))
        self.served[fetch_id] = len(kinds)
        cells = "".join(
            f"<li><b>sku-{place}</b><i>{kind}</i><u>£{self.dice.uniform(1, 100):.2f}</u></li>"
            for place, kind in enumerate(kinds)
        )
        links = "".join(f'<a href="/{page}">{page}</a>' for page in range(self.pages))
        return f"<html><body>{cells}{links}</body></html>".encode()

    async def _stage(self, name: str, topic: str, stage: Any) -> None:
        group = self.log.groups[name]
        generation, position = group.join(), group.committed
        pump = self._part("pump", PatientPump, name, stage, self.publisher, self.suspects, NoMeter())
        settled: dict[tuple[str, int], int] = {}
        await pump.assigned(topic, {0})
        while True:
            await Pause()
            if group.generation != generation:
                return
            messages = self.log.topics[topic][position : position + self.dice.randint(1, 3)]
            position += len(messages)
            settled |= await pump.step(messages, time.monotonic())
            await Pause()
            if self.dice.random() < 0.5:
                group.commit(generation, settled.get((topic, 0), 0))

    def missing(self) -> list[str]:
        """Batches that the frontier promises and ClickHouse does not wholly hold."""
        promised = self.frontier.runs[RUN].batches
        records = {str(row["batch_id"]) for row in self.rows.tables["records"]}
        batches = {str(row["id"]) for row in self.rows.tables["batches"]}
        with_records = {batch.id for batch in self.events(CLEAN_RECORDS) if batch.records}
        return sorted(
            identity for identity in promised
            if identity not in batches or (identity in with_records and identity not in records)
        )  # fmt: skip


_READS = {"fetch": FETCH_TASKS, "extraction": RAW_PAGES, "cleaning": RAW_RECORDS, "trends": CLEAN_RECORDS,
          "warehouse": CLEAN_RECORDS}  # fmt: skip


def play(world: World, *, faulty_steps: int = 900, calm_steps: int = 4_000) -> None:
    """One history: crashes, zombies and lost tasks first, then quiet until everything is drained, zombies too.

    The memory of trends is kept in blocks of one series, so that its parts change at different times. Time is a
    twentieth of a second a turn, so that the same seed is the same history.
    """
    with patch("streams.trends.state.BLOCK", 1), patch("time.monotonic", lambda: world.turns / 20):
        cast = _Cast(world)
        for step in range(faulty_steps):
            if step % 40 == 0:
                _lose_tasks(world)
            cast.faulty_turn()
        world.calm()
        for step in range(calm_steps):
            if step % 40 == 0:
                _lose_tasks(world)
                if not cast.zombies and _drained(world):
                    break
            cast.calm_turn()
        cast.end()


class _Cast:
    """The workers of one history: who works, and who believes to."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._dice = world.dice
        self._current: dict[str, Worker] = {name: world.start(name) for name in WORKERS}
        self.zombies: list[_Zombie] = []

    def faulty_turn(self) -> None:
        chance, victim = self._dice.random(), self._dice.choice(self._world.victims)
        if chance < 0.02:  # SIGKILL, and the supervisor starts it again
            self._current[victim].close()
            self._current[victim] = self._world.start(victim)
        elif chance < 0.04:  # stopped or cut off: its heir starts, and it goes on later
            self.zombies.append(_Zombie(self._current[victim], self._dice.randint(0, 150), self._dice.randint(5, 60)))
            self._current[victim] = self._world.start(victim)
        elif chance < 0.1 and self._world.rows.late:
            self._world.rows.late.pop(self._dice.randrange(len(self._world.rows.late)))()
        elif not (chance < 0.25 and self._wake()):
            self._turn()
        self._world.look()

    def calm_turn(self) -> None:
        if not (self._dice.random() < 0.3 and self._wake()):
            self._turn()
        self._world.look()

    def end(self) -> None:
        for worker in [*self._current.values(), *(zombie.worker for zombie in self.zombies)]:
            worker.close()

    def _turn(self) -> None:
        name = self._dice.choice(WORKERS)
        if not _one_step(self._current[name]):
            self._current[name] = self._world.start(name)
        for zombie in self.zombies:
            zombie.asleep -= 1

    def _wake(self) -> bool:
        """One step of a zombie that is awake. A dispatch that was overtaken never learns it: each has a last step."""
        awake = [zombie for zombie in self.zombies if zombie.asleep <= 0]
        if not awake:
            return False
        zombie = self._dice.choice(awake)
        zombie.left -= 1
        if not _one_step(zombie.worker) or not zombie.left:
            zombie.worker.close()
            self.zombies.remove(zombie)
        return True


@dataclass(eq=False)
class _Zombie:
    """A worker that was overtaken; it sleeps so many turns of the others, and has so many left."""

    worker: Worker
    asleep: int
    left: int


def _one_step(worker: Worker) -> bool:
    """False when it has ended (it noticed its heir, or was fenced)."""
    try:
        worker.send(None)
    except (StopIteration, Fenced):
        return False
    return True


def _lose_tasks(world: World) -> None:
    """Dispatch's look for overdue tasks, with an impatience that often issues again what is still under way."""
    for run_id, fp, row in world.frontier.overdue():
        if world.dice.random() < 0.3:
            issued = world.frontier._issue(run_id, fp, row)
            task = task_of(issued, world.frontier.runs[run_id].run.description, NOW)
            world.log.append(FETCH_TASKS, codec.encode(task))
            row.published = True


def _drained(world: World) -> bool:
    return world.over and all(
        world.log.groups[name].committed >= len(world.log.topics[topic]) for name, topic in _READS.items()
    )
