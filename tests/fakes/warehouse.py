"""Intents, snapshots, suspects and ClickHouse in memory; ClickHouse with the ways in which an insert can go wrong."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import orjson

from infra.errors import Fenced
from schemas.inserts import Rows
from schemas.intents import Intent, Sums
from tests.fakes.frontier import MemoryFrontier
from tests.fakes.native import rows_of
from tests.fakes.pausing import Pause


class Epochs:
    """Whoever took a partition last owns it."""

    def __init__(self) -> None:
        self._newest: dict[tuple[str, int], int] = defaultdict(int)

    def next(self, topic: str, partition: int) -> int:
        self._newest[topic, partition] += 1
        return self._newest[topic, partition]

    def check(self, topic: str, partition: int, epoch: int) -> None:
        if self._newest[topic, partition] != epoch:
            raise Fenced(f"epoch {epoch} of {topic}[{partition}] is over")


class MemoryIntents:
    """The warehouse's ledger."""

    def __init__(self, frontier: MemoryFrontier) -> None:
        self._frontier = frontier
        self._epochs = Epochs()
        self.intents: dict[tuple[str, int], list[Intent]] = defaultdict(list)

    async def take(self, topic: str, partition: int) -> tuple[int, Intent | None]:
        await Pause()
        known = self.intents[topic, partition]
        return self._epochs.next(topic, partition), known[-1] if known else None

    async def moments(self, topic: str, partition: int) -> list[str]:
        await Pause()
        return [intent.ingested_at for intent in reversed(self.intents[topic, partition])][:10]

    async def begin(self, intent: Intent, epoch: int) -> None:
        await Pause()
        self._epochs.check(intent.topic, intent.partition, epoch)
        known = self.intents[intent.topic, intent.partition]
        if not (known and (known[-1].first, known[-1].last) == (intent.first, intent.last)):
            known.append(intent)
        await Pause()

    async def confirm(self, intent: Intent, epoch: int, sums: Sequence[Sums]) -> None:
        await Pause()
        self._epochs.check(intent.topic, intent.partition, epoch)
        known = self.intents[intent.topic, intent.partition]
        place = next(number for number, entry in enumerate(known) if entry.first == intent.first)
        if not known[place].confirmed:
            known[place] = replace(known[place], confirmed=True)
            self._frontier.confirm(sums)
        await Pause()


class MemoryRows:
    """ClickHouse: a block lands whole or not at all, a token lands once; answers get lost and inserts arrive late.

    `remembers_tokens` off is ClickHouse as it comes, without a deduplication window.
    """

    def __init__(self, dice: Random, *, remembers_tokens: bool = True) -> None:
        self.tables: dict[str, list[dict[str, object]]] = defaultdict(list)
        self.late: list[Callable[[], None]] = []
        self.faulty = True
        self._dice = dice
        self._tokens: set[tuple[str, str]] = set()
        self._remembers = remembers_tokens

    async def insert(self, rows: Rows, token: str) -> None:
        while True:
            await Pause()
            fate = self._dice.random() if self.faulty else 1.0
            if fate < 0.1:
                self._land(rows, token)  # and the answer is lost
            elif fate < 0.2:
                self.late.append(lambda: self._land(rows, token))
            elif fate > 0.25:
                self._land(rows, token)
                await Pause()
                return

    def _land(self, rows: Rows, token: str) -> None:
        if self._remembers and (rows.table, token) in self._tokens:
            return
        self._tokens.add((rows.table, token))
        native = rows.format == "Native"
        self.tables[rows.table] += rows_of(rows.body) if native else map(orjson.loads, rows.body.splitlines())

    async def recent_ids(self, table: str, moments: Sequence[str], limit: int) -> list[str]:
        await Pause()
        known = [datetime.fromisoformat(moment) for moment in moments]
        found = [(datetime.fromisoformat(str(row["ingested_at"])), str(row["id"])) for row in self.tables[table]]
        found.sort(key=lambda row: row[0])
        lately = timedelta(hours=1)
        return [
            identity for at, identity in reversed(found)
            if any(moment - lately <= at <= moment for moment in known)
        ][:limit]  # fmt: skip

    async def of_run(self, run_id: str) -> tuple[int, int]:
        await Pause()
        held = {row["id"]: row["counted_in"] for row in self.tables["batches"] if row["run_id"] == run_id}
        return len(held), sum(int(str(records)) for records in held.values())


class MemorySnapshots:
    """A stage's memory."""

    def __init__(self) -> None:
        self._epochs = Epochs()
        self._blocks: dict[tuple[str, int], dict[int, bytes]] = defaultdict(dict)
        self._offsets: dict[tuple[str, int], int] = defaultdict(int)

    async def take(self, topic: str, partition: int) -> tuple[int, int, list[tuple[int, bytes]]]:
        await Pause()
        place = (topic, partition)
        return self._epochs.next(topic, partition), self._offsets[place], sorted(self._blocks[place].items())

    async def write(
        self, topic: str, partition: int, epoch: int, next_offset: int, blocks: Sequence[tuple[int, bytes]]
    ) -> None:
        await Pause()
        if not blocks:
            raise ValueError("nothing would say how far it is")
        self._epochs.check(topic, partition, epoch)
        self._blocks[topic, partition].update(blocks)
        self._offsets[topic, partition] = next_offset
        await Pause()


class MemorySuspects:
    """Tries across crashes."""

    def __init__(self) -> None:
        self._tries: dict[tuple[str, int, int, str], int] = defaultdict(int)

    async def begin(self, topic: str, partition: int, offset: int, kind: str) -> int:
        await Pause()
        if kind == "alone":
            self._pass(topic, partition, offset - 1)
        self._tries[topic, partition, offset, kind] += 1
        return self._tries[topic, partition, offset, kind]

    async def passed(self, topic: str, partition: int, offset: int) -> None:
        await Pause()
        self._pass(topic, partition, offset)

    def _pass(self, topic: str, partition: int, offset: int) -> None:
        for key in list(self._tries):
            if key[:2] == (topic, partition) and key[2] <= offset and key[3] == "alone":
                del self._tries[key]

    async def clear(self, topic: str, partition: int) -> None:
        await Pause()
        for key in [key for key in self._tries if key[:2] == (topic, partition)]:
            del self._tries[key]


class NoMeter:
    """Counts nothing."""

    def seen(self, messages: int, records: int, rejects: int, outputs: int, seconds: float) -> None:
        return None
