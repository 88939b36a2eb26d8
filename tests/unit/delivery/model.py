"""A randomised model of the delivery rules: the production classes over in-memory logs and stores.

Dispatch, extraction, cleaning, trends, warehouse and the pump are the real ones; a fetcher that acknowledges on
receipt stands for the real one, which needs sockets and clocks. A worker is a coroutine; every await of a store or a
log is a point at which it may be killed, overtaken by an heir while it goes on (a zombie), or simply wait. Kafka's
commits are fenced by the group's generation; publishing and inserting are not, as in reality.
"""

import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import Any

import zstandard

from infra.errors import Fenced
from infra.kafka.pump import Pump
from producers.dispatch.closing import Closer
from producers.dispatch.service import Dispatch
from producers.dispatch.tasks import task_of
from schemas import codec
from schemas.events import FetchResult, FetchTask
from schemas.ids import digest
from schemas.job import JobDescription
from schemas.topics import CLEAN_RECORDS, FETCH_TASKS, RAW_PAGES, RAW_RECORDS
from schemas.urls import fingerprint
from streams.cleaning.stage import Cleaning
from streams.extraction.ports import FoundLink, Run
from streams.extraction.stage import Extraction
from streams.trends.detector import Settings
from streams.trends.stage import Trends
from streams.warehouse.stage import Warehouse
from tests.fakes.frontier import MemoryFrontier
from tests.fakes.log import Log, MemoryPublisher
from tests.fakes.pausing import Pause
from tests.fakes.warehouse import MemoryIntents, MemoryRows, MemorySnapshots, MemorySuspects, NoMeter

RUN = digest("the run")
SENSITIVE = Settings(bar=0.5, budget=0.01, toll=0.25, rest=2, warm_up=3)
"""Alarms every few observations, so that a memory that is off by one message shows in the trends."""

Worker = Coroutine[Any, Any, None]


class PatientPump(Pump):
    """Here a worker is killed at every other step, so that innocent messages look like killers: none is given up."""

    TRIES_ALONE = 1_000_000


def job(pages: int) -> JobDescription:
    """Items with a price and a flag that decides whether they are rejected or filtered."""
    return JobDescription.model_validate(
        {
            "url": "http://site.test/0",
            "name": "model",
            "options": {"follow": True, "delay": 0, "concurrency": 4, "max_pages": pages - 1, "max_retries": 3},
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
    pages: int = 5
    parts: dict[str, Callable[..., Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)
        self.log = Log()
        self.frontier: MemoryFrontier = self._part("frontier", MemoryFrontier)
        self.intents: MemoryIntents = self._part("intents", MemoryIntents, self.frontier)
        self.rows: MemoryRows = self._part("rows", MemoryRows, self.dice)
        self.snapshots: MemorySnapshots = self._part("snapshots", MemorySnapshots)
        self.suspects = MemorySuspects()
        self.publisher = MemoryPublisher(self.log)
        self.served: dict[str, list[tuple[str, str]]] = {}
        self.closed_early: list[str] = []
        self._numbers = count()
        self._faulty = True
        start = "http://site.test/0"
        pinned = Run(id=RUN, job_id=digest("job"), dataset="model", description=job(self.pages))
        self.frontier.open(pinned, [FoundLink(url_fp=fingerprint(start), url=start, host="site.test", depth=0)])

    def _part(self, name: str, usual: Callable[..., Any], *arguments: Any) -> Any:
        return self.parts.get(name, usual)(*arguments)

    def calm(self) -> None:
        """From here on nothing fails any more; what was under way arrives."""
        self._faulty = self.rows.faulty = False
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
                stage = self._part("extraction", Extraction, self.frontier, lambda: datetime.now(UTC), self.dice)
                return self._stage(name, RAW_PAGES, stage)
            case "cleaning":
                return self._stage(name, RAW_RECORDS, Cleaning())
            case "trends":
                return self._stage(name, CLEAN_RECORDS, self._part("trends", Trends, self.snapshots, SENSITIVE))
            case _:
                stage = self._part("warehouse", Warehouse, self.intents, self.rows, self.log,
                                   lambda: "2026-01-01T00:00:00.000Z", "cluster")  # fmt: skip
                return self._stage(name, CLEAN_RECORDS, stage)

    async def _dispatch(self) -> None:
        dispatch = Dispatch(
            self.frontier, self.publisher, Closer(self.frontier, self.rows, self.log), lambda: "2026-01-01T00:00:00Z"
        )
        while True:
            await dispatch.round()
            self._note_completion()
            await Pause()

    def _note_completion(self) -> None:
        """A run that is completed although ClickHouse lacks something of it was completed too early."""
        if self.frontier.runs[RUN].state == "completed" and not self.closed_early:
            self.closed_early = [""] + self.missing()

    async def _fetch(self, generation: int) -> None:
        group = self.log.groups["fetch"]
        position = group.committed
        while True:
            await Pause()
            if group.generation != generation:
                return
            messages = self.log.topics[FETCH_TASKS][position : position + self.dice.randint(1, 3)]
            position += len(messages)
            group.commit(generation, position)  # on receipt: what is lost from here on is issued again
            for message in messages:
                await Pause()
                await self.publisher.send_all([self._visited(codec.decode(FETCH_TASKS, message.value))])

    def _visited(self, task: FetchTask) -> FetchResult:
        number = next(self._numbers)
        fetch_id = digest("fetch", str(number))
        common = {
            "fetch_id": fetch_id, "run_id": task.run_id, "url_fp": task.url_fp, "url": task.url, "host": task.host,
            "attempt": task.attempt, "depth": task.depth, "tries": task.tries, "fetched_at": "2026-01-01T00:00:00Z",
        }  # fmt: skip
        if self._faulty and self.dice.random() < 0.15:
            return FetchResult(**common, failure="timeout", reason="too slow")  # type: ignore[arg-type]
        body = self._page(number, fetch_id)
        return FetchResult(
            **common,  # type: ignore[arg-type]
            status=200,
            headers=[("content-type", "text/html; charset=utf-8")],
            body=zstandard.compress(body),
            body_size=len(body),
        )

    def _page(self, number: int, fetch_id: str) -> bytes:
        """No two visits find the same page: prices move, items come and go."""
        kinds = self.dice.choices(["good", "fine", "bad", ""], k=self.dice.randint(0, 3))
        items = [(f"{number}-{place}", kind) for place, kind in enumerate(kinds)]
        self.served[fetch_id] = items
        cells = "".join(
            f"<li><b>sku-{place}</b><i>{kind}</i><u>£{10 + self.dice.random():.2f}</u></li>"
            for place, (_, kind) in enumerate(items)
        )
        links = "".join(f'<a href="/{page}">{page}</a>' for page in range(self.pages))
        return f"<html><body>{cells}{links}</body></html>".encode()

    async def _stage(self, name: str, topic: str, stage: Any) -> None:
        group = self.log.groups[name]
        generation, position = group.join(), group.committed
        pump = PatientPump(name, stage, self.publisher, self.suspects, NoMeter())
        await pump.assigned(topic, {0})
        while True:
            await Pause()
            if group.generation != generation:
                return
            messages = self.log.topics[topic][position : position + self.dice.randint(1, 3)]
            position += len(messages)
            settled = await pump.step(messages, _now())
            await Pause()
            if self.dice.random() < 0.5 and (topic, 0) in settled:
                group.commit(generation, settled[topic, 0])

    # what must hold in the end

    def missing(self) -> list[str]:
        """Records of accepted pages that ClickHouse does not hold, by page."""
        held = {str(row["batch_id"]) for row in self.rows.tables["records"]}
        expected = {
            batch.id for batch in (codec.decode(CLEAN_RECORDS, m.value) for m in self.log.topics[CLEAN_RECORDS])
            if batch.records and batch.id in self.frontier.runs[RUN].batches
        }  # fmt: skip
        unwritten = self.frontier.runs[RUN].batches.keys() - {
            codec.decode(CLEAN_RECORDS, m.value).id for m in self.log.topics[CLEAN_RECORDS]
        }
        return sorted(expected - held) + sorted(unwritten)

    def flaws(self) -> set[str]:
        """Everything that is not as promised."""
        found, run = set(), self.frontier.runs[RUN]
        ids = [str(row["id"]) for row in self.rows.tables["records"]]
        batches = [str(row["id"]) for row in self.rows.tables["batches"]]
        if len(ids) != len(set(ids)) or len(batches) != len(set(batches)):
            found.add("something is stored twice")
        if self.missing():
            found.add("something is lost")
        if set(batches) - run.batches.keys():
            found.add("something is stored that no page accounts for")
        if run.state != "completed" or not self.closed_early:
            found.add("the run does not complete")
        if self.closed_early[1:]:
            found.add("the run completed too early")
        counts = run.counts
        if counts.requested != counts.queued + counts.issued + counts.fetched + counts.failed + counts.filtered:
            found.add("the accounts do not add up")
        if counts.extracted != counts.stored + counts.rejected + counts.dropped or counts.stored != len(ids):
            found.add("the records do not add up")
        if run.visited > job(self.pages).options.max_pages:
            found.add("the budget was exceeded")
        return found | self._content_flaws()

    def _content_flaws(self) -> set[str]:
        """Each row that was fetched counts exactly the good items of the one visit that it accepted."""
        found, by_fetch = set(), {}
        accepted = {row.fetch_id for row in self.frontier.runs[RUN].rows.values() if row.klass == "fetched"}
        for message in self.log.topics[CLEAN_RECORDS]:
            batch = codec.decode(CLEAN_RECORDS, message.value)
            by_fetch[batch.fetch_id] = batch.counted_in
            if batch.fetch_id not in accepted:
                found.add("a visit that holds no claim was published")
        for fetch in accepted:
            if self.served[fetch or ""] and by_fetch.get(fetch) != len(self.served[fetch or ""]):
                found.add("a page's records are not whole")
        return found


def _now() -> float:
    """Zombies are not ended by their clock here: the rules must hold without it."""
    return time.monotonic()


WORKERS = ("dispatch", "fetch", "extraction", "cleaning", "trends", "warehouse")


def play(world: World, *, faulty_steps: int = 900, calm_steps: int = 12_000) -> set[str]:
    """One history: crashes, zombies and lost tasks first, then quiet until everything is drained."""
    dice = world.dice
    current: dict[str, Worker] = {name: world.start(name) for name in WORKERS}
    zombies: list[tuple[str, Worker]] = []
    for step in range(faulty_steps + calm_steps):
        if step == faulty_steps:
            world.calm()
        chance = dice.random() if step < faulty_steps else 1.0
        if chance < 0.02:
            name = dice.choice(WORKERS)  # SIGKILL, and the supervisor starts it again
            current[name].close()
            current[name] = world.start(name)
            continue
        if chance < 0.04:
            name = dice.choice(WORKERS)  # stopped or cut off: its heir starts, and it goes on later
            zombies.append((name, current[name]))
            current[name] = world.start(name)
            continue
        if world.rows.late and chance < 0.1:
            world.rows.late.pop(dice.randrange(len(world.rows.late)))()
        if step % 40 == 0:
            _lose_tasks(world, dice)
        if zombies and dice.random() < 0.15:
            place = dice.randrange(len(zombies))
            if not _turn(zombies[place][1]):
                zombies.pop(place)
            continue
        name = dice.choice(WORKERS)
        if not _turn(current[name]):
            current[name] = world.start(name)
        if step > faulty_steps and step % 200 == 0 and _drained(world):
            break
    for _, zombie in zombies:  # those that were never woken wake up now; a standing-by dispatch has no end
        for _ in range(500):
            if not _turn(zombie):
                break
    for worker in current.values():
        worker.close()
    return world.flaws()


def _turn(worker: Worker) -> bool:
    """One step; False when it has ended (it noticed its heir, or was fenced)."""
    try:
        worker.send(None)
    except (StopIteration, Fenced):
        return False
    return True


def _lose_tasks(world: World, dice: Random) -> None:
    """Dispatch's look for overdue tasks, with an impatience that often issues again what is still under way."""
    for run_id, fp, row in world.frontier.overdue():
        if dice.random() < 0.3:
            issued = world.frontier._issue(run_id, fp, row)
            task = task_of(issued, world.frontier.runs[run_id].run.description, "2026-01-01T00:00:00Z")
            world.log.append(FETCH_TASKS, codec.encode(task))
            row.published = True


def _drained(world: World) -> bool:
    ends = {"fetch": FETCH_TASKS, "extraction": RAW_PAGES, "cleaning": RAW_RECORDS, "warehouse": CLEAN_RECORDS}
    return world.frontier.runs[RUN].state == "completed" and all(
        world.log.groups[name].committed >= len(world.log.topics[topic]) for name, topic in ends.items()
    )
