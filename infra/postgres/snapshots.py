"""Memories of stages, and what was being tried when a worker ended, in PostgreSQL."""

from collections.abc import Mapping, Sequence

from infra.patience import patiently
from infra.postgres.intents import check_epoch
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries


class Snapshots:
    """A memory in blocks with the offset it is as of. Writing is fenced by the epoch of the partition."""

    def __init__(self, database: Database, stage: str) -> None:
        self._database = database
        self._stage = stage

    async def take(self, topic: str, partition: int) -> tuple[int, int, list[tuple[int, bytes]]]:
        """The next epoch; the offset after the last message that the memory has seen; its blocks."""
        place = {"stage": self._stage, "topic": topic, "partition": partition}

        async def work(connection: Connection) -> tuple[int, int, list[tuple[int, bytes]]]:
            named = queries("delivery")
            taken = await (await connection.execute(named["take_epoch"], place)).fetchone()
            rows = await (await connection.execute(named["read_snapshot"], place)).fetchall()
            assert taken is not None
            next_offset = max((row["next_offset"] for row in rows), default=0)
            return taken["epoch"], next_offset, [(row["block"], bytes(row["state"])) for row in rows]

        return await patiently(lambda: self._database.repeat(work), "read a snapshot")

    async def write(
        self, topic: str, partition: int, epoch: int, next_offset: int, blocks: Sequence[tuple[int, bytes]]
    ) -> None:
        """Changed blocks and the new offset, in one transaction; raises Fenced for an owner of the past.

        A memory is as of the newest offset of its blocks, so each write must bring one at least: ValueError. Blocks
        that did not change keep the offset of their last change.
        """
        if not blocks:
            raise ValueError("A memory without a changed block cannot move on: write a block of its own each time.")
        place = {"stage": self._stage, "topic": topic, "partition": partition, "next_offset": next_offset}

        async def work(connection: Connection) -> None:
            named = queries("delivery")
            await check_epoch(connection, self._stage, topic, partition, epoch)
            await connection.execute(
                named["write_snapshot"],
                place
                | {
                    "epoch": epoch,
                    "blocks": [number for number, _ in blocks],
                    "states": [state for _, state in blocks],
                },
            )

        await patiently(lambda: self._database.repeat(work), "write a snapshot")


class Suspects:
    """Counts tries across crashes, for one stage."""

    def __init__(self, database: Database, stage: str) -> None:
        self._database = database
        self._stage = stage

    async def begin(self, topic: str, partition: int, offset: int, kind: str) -> int:
        """Counts one try and returns how many there were with this one."""
        found = await self._say("begin_try", {"topic": topic, "partition": partition, "offset": offset, "kind": kind})
        return int(str(found[0]["tries"]))

    async def passed(self, topic: str, partition: int, offset: int) -> None:
        """The messages up to this one did no harm."""
        await self._say("pass_tries", {"topic": topic, "partition": partition, "offset": offset})

    async def clear(self, topic: str, partition: int) -> None:
        """The tries of this partition ended well."""
        await self._say("clear_tries", {"topic": topic, "partition": partition})

    async def _say(self, name: str, params: Mapping[str, object]) -> list[dict[str, object]]:
        statement, values = queries("delivery")[name], {"stage": self._stage, **params}
        return await patiently(lambda: self._database.fetch(statement, values), name)
