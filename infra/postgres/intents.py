"""The warehouse's ledger in PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.errors import Fenced
from infra.patience import patiently
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from schemas.intents import Intent, Sums


async def check_epoch(connection: Connection, stage: str, topic: str, partition: int, epoch: int) -> None:
    """Raises Fenced when a newer owner has taken the partition; holds a new owner off until the transaction ends."""
    place = {"stage": stage, "topic": topic, "partition": partition}
    row = await (await connection.execute(queries("delivery")["check_epoch"], place)).fetchone()
    if row is None or row["epoch"] != epoch:
        raise Fenced(
            f"{stage} no longer owns {topic}[{partition}]: epoch {epoch} was followed by {row and row['epoch']}."
        )


class IntentLedger:
    """Each call is one transaction, safe to say twice; outages are waited out."""

    STAGE = "warehouse"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, topic: str, partition: int) -> tuple[int, Intent | None]:
        """The next epoch, and the newest intent."""
        place = {"stage": self.STAGE, "topic": topic, "partition": partition}

        async def work(connection: Connection) -> tuple[int, Intent | None]:
            named = queries("delivery")
            taken = await (await connection.execute(named["take_epoch"], place)).fetchone()
            row = await (await connection.execute(named["newest_intent"], place)).fetchone()
            assert taken is not None
            return taken["epoch"], _intent_of(row) if row else None

        return await patiently(lambda: self._database.repeat(work), "take a partition")

    async def moments(self, topic: str, partition: int) -> list[str]:
        """The moments of the last ten intents of a partition, newest intent first."""
        statement, place = queries("delivery")["moments"], {"topic": topic, "partition": partition}
        rows = await patiently(lambda: self._database.fetch(statement, place), "read intents")
        return [row["ingested_at"] for row in rows]

    async def begin(self, intent: Intent, epoch: int) -> None:
        """Writes it down, under the epoch. Said again after a lost answer it finds itself and is content."""
        values = {
            "cluster": intent.cluster,
            "topic": intent.topic,
            "partition": intent.partition,
            "first": intent.first,
            "last": intent.last,
            "skipped": sorted(intent.skipped),
            "ingested_at": intent.ingested_at,
            "epoch": epoch,
        }

        async def work(connection: Connection) -> None:
            named = queries("delivery")
            await check_epoch(connection, self.STAGE, intent.topic, intent.partition, epoch)
            newest = await (await connection.execute(named["newest_intent"], values)).fetchone()
            if newest and newest["first_offset"] == intent.first and newest["last_offset"] == intent.last:
                return
            await connection.execute(named["begin_intent"], values)

        await patiently(lambda: self._database.repeat(work), "write an intent")

    async def confirm(self, intent: Intent, epoch: int, sums: Sequence[Sums]) -> None:
        """Confirms once: the sums are added by whoever sets the mark."""
        place = {"topic": intent.topic, "partition": intent.partition, "first": intent.first}

        async def work(connection: Connection) -> None:
            named = queries("delivery")
            await check_epoch(connection, self.STAGE, intent.topic, intent.partition, epoch)
            # Runs before intents: the order in which every writer takes its locks.
            if sums:
                await connection.execute(queries("frontier")["lock_runs"], {"runs": sorted(s.run_id for s in sums)})
            if await (await connection.execute(named["confirm_intent"], place)).fetchone() is None:
                return
            if sums:
                await connection.execute(named["confirm_batches"], _columns(sums))
            await connection.execute(named["forget_intents"], place)
            if sums:
                await connection.execute(queries("frontier")["wake"])

        await patiently(lambda: self._database.repeat(work), "confirm an intent")


def _intent_of(row: Mapping[str, Any]) -> Intent:
    return Intent(
        topic=row["topic"],
        partition=row["partition"],
        first=row["first_offset"],
        last=row["last_offset"],
        skipped=frozenset(row["skipped"]),
        ingested_at=row["ingested_at"],
        cluster=row["cluster_id"],
        confirmed=row["confirmed"],
    )


def _columns(sums: Sequence[Sums]) -> dict[str, list[Any]]:
    rows = [(number, entry, batch) for number, entry in enumerate(sums) for batch in entry.batches]
    return {
        "entry": [number for number, _, _ in rows],
        "run": [entry.run_id for _, entry, _ in rows],
        "batch": [batch for _, _, batch in rows],
        "stored": [entry.stored for _, entry, _ in rows],
        "rejected": [entry.rejected for _, entry, _ in rows],
        "dropped": [entry.dropped for _, entry, _ in rows],
    }
