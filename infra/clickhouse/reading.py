"""What the gateway reads from ClickHouse, off the event loop and never more at once than it can bear."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

from clickhouse_connect.driver.client import Client

from infra.clickhouse.choosing import bits, chosen
from infra.clickhouse.client import connect, translate
from infra.clickhouse.cluster import clustered
from infra.clickhouse.sql import queries
from infra.errors import StoreUnavailable
from schemas.choosing import FieldCondition, FieldOrder, RankedRecord
from schemas.ledger import Attempt, StoredLetter, StoredMark, StoredRecord, StoredTrend
from schemas.moments import zoned

T = TypeVar("T")
_TIMEOUT_S = 10.0


class Reading:
    """The gateway's `Records`. `threads` questions run at once and `queue` may wait; beyond that, and when ClickHouse
    does not answer, it is StoreUnavailable. Connects when it is first asked, so that a gateway starts without it."""

    def __init__(self, url: str, *, threads: int = 4, queue: int = 60, cluster: str | None = None) -> None:
        """`cluster` is the one whose nodes hold the rows, where they are on one."""
        self._url = url
        self._cluster = cluster
        self._threads = threads
        self._room = threads + queue
        self._waiting = 0
        self._client: Client | None = None
        self._connecting = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    async def __aenter__(self) -> Self:
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="clickhouse")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pool, self._pool = self._pool, None
        if pool:
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)
        if self._client:
            await asyncio.to_thread(self._client.close)

    async def records(
        self,
        dataset: str,
        run_id: str,
        after: tuple[str, str] | None,
        limit: int,
        where: Sequence[FieldCondition] = (),
    ) -> list[StoredRecord]:
        """Records of a run in the order of (key, id), after a position; only those that are so in every field."""
        key, identity = after or ("", "")
        values = {"dataset": dataset, "run_id": run_id, "after_key": key, "after_id": identity, "limit": limit}
        if not where:
            return await self._ask("records", values, record_of)
        return await self._choose("chosen", where, values, record_of)

    async def ranked(
        self,
        dataset: str,
        run_id: str,
        order: FieldOrder,
        after: tuple[float, str, str] | None,
        limit: int,
        where: Sequence[FieldCondition] = (),
    ) -> list[RankedRecord]:
        """The same in the order of (rank, key, id)."""
        rank, key, identity = after or (0.0, "", "")
        position = {"after_rank": bits(rank), "after_key": key, "after_id": identity}
        by = {"field": order.field, "sign": -1 if order.down else 1}
        values = {"dataset": dataset, "run_id": run_id, "limit": limit, **position, **by}
        return await self._choose("ranked", where, values, _ranked)

    async def _choose(
        self, name: str, where: Sequence[FieldCondition], values: dict[str, Any], shape: Callable[[dict[str, Any]], T]
    ) -> list[T]:
        condition, more = chosen(where)
        question = queries("reading")[name].replace("{where}", condition)
        return await self._run(question, values | more, shape)

    async def marks(
        self, dataset: str, run_id: str, state: str | None, after: tuple[str, str, str] | None, limit: int
    ) -> list[StoredMark]:
        """Marks of a run's records in the order of (key, record id, state), after a position."""
        key, identity, last = after or ("", "", "")
        position = {"after_key": key, "after_id": identity, "after_state": last}
        values = {"dataset": dataset, "run_id": run_id, "state": state or "", "limit": limit, **position}
        return await self._ask("marks", values, _mark)

    async def trends(
        self,
        runs: Sequence[str] | None,
        *,
        dataset: str | None = None,
        kind: str | None = None,
        before: tuple[datetime, str] | None = None,
        limit: int,
    ) -> list[StoredTrend]:
        """Newest first, after the position (at, id); None for the trends of all runs, an empty list for none."""
        if runs is not None and not runs:
            return []
        moment, identity = before or (None, "")
        values = {
            "runs": list(runs or ()),
            "dataset": dataset or "",
            "kind": kind or "",
            "before_ms": round(moment.timestamp() * 1000) if moment else 0,
            "before_id": identity,
            "limit": limit,
        }
        return await self._ask("trends", values, _trend)

    async def attempts(self, run_id: str, url_fp: str, limit: int) -> list[Attempt]:
        """Visits to one URL, the first one first."""
        return await self._ask("attempts", {"run_id": run_id, "url_fp": url_fp, "limit": limit}, _attempt)

    async def letters(
        self,
        *,
        topic: str | None = None,
        stage: str | None = None,
        code: str | None = None,
        run_id: str | None = None,
        before: tuple[datetime, str] | None = None,
        limit: int,
    ) -> list[StoredLetter]:
        """Dead letters without their values, newest first, after the position (at, id)."""
        moment, identity = before or (None, "")
        values = {
            "topic": topic or "",
            "stage": stage or "",
            "code": code or "",
            "run_id": run_id or "",
            "before_ms": round(moment.timestamp() * 1000) if moment else 0,
            "before_id": identity,
            "limit": limit,
        }
        return await self._ask("letters", values, _letter)

    async def letter(self, letter_id: str) -> StoredLetter | None:
        """One dead letter with its value."""
        found = await self._ask("letter", {"id": letter_id}, _letter)
        return found[0] if found else None

    async def batch(self, run_id: str, batch_id: str) -> int | None:
        """How many records of a batch were stored or left out by filters."""
        found = await self._ask("batch", {"run_id": run_id, "id": batch_id}, lambda row: int(row["kept"]))
        return found[0] if found else None

    async def alive(self) -> None:
        """Returns when ClickHouse answers; StoreUnavailable when it does not."""
        await self._ask("alive", {}, lambda row: row)

    async def _ask(self, name: str, values: dict[str, Any], shape: Callable[[dict[str, Any]], T]) -> list[T]:
        return await self.ask("reading", name, values, shape)

    async def ask(self, room: str, name: str, values: dict[str, Any], shape: Callable[[dict[str, Any]], T]) -> list[T]:
        """The rows of the statement `name` of `queries/<room>.sql`, each in its shape."""
        return await self._run(queries(room)[name], values, shape)

    async def rows(self, question: str, values: dict[str, Any], shape: Callable[[dict[str, Any]], T]) -> list[T]:
        """The rows of a statement that was put together, each in its shape."""
        return await self._run(question, values, shape)

    async def remove(self, room: str, name: str, values: dict[str, Any]) -> None:
        """Does the lightweight delete `name` of `queries/<room>.sql`, on a cluster at each node: the table that sees
        them as one takes none."""
        statement = queries(room)[name]
        for turned in clustered(statement, self._cluster) if self._cluster else [statement]:
            await self._run(turned, values, dict)

    async def _run(self, question: str, values: dict[str, Any], shape: Callable[[dict[str, Any]], T]) -> list[T]:
        assert self._pool, "Use `async with` before asking."
        if self._waiting >= self._room:
            raise StoreUnavailable("ClickHouse is asked more than it can answer; try again shortly.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._answer, question, values, shape)
        finally:
            self._waiting -= 1

    def _answer(self, question: str, values: dict[str, Any], shape: Callable[[dict[str, Any]], T]) -> list[T]:
        try:
            with self._connecting:
                if self._client is None:
                    self._client = connect(self._url, timeout=_TIMEOUT_S)
            found = self._client.query(question, parameters=values)
            return [shape(row) for row in found.named_results()]
        except Exception as problem:
            raise translate(problem) from problem


def record_of(row: dict[str, Any]) -> StoredRecord:
    """A row of the warehouse's records."""
    return StoredRecord(**row | {"id": str(row["id"]), "fetched_at": zoned(row["fetched_at"])})


def _ranked(row: dict[str, Any]) -> RankedRecord:
    return RankedRecord(row.pop("rank"), record_of(row))


def _mark(row: dict[str, Any]) -> StoredMark:
    return StoredMark(**row | {"record_id": str(row["record_id"]), "at": zoned(row["at"])})


def _trend(row: dict[str, Any]) -> StoredTrend:
    ids = {name: str(row[name]) for name in ("id", "run_id", "record_id")}
    return StoredTrend(**row | ids | {"at": zoned(row["at"]), "values": list(row["values"])})


def _attempt(row: dict[str, Any]) -> Attempt:
    return Attempt(**row | {"at": zoned(row["at"]), "final": bool(row["final"])})


def _letter(row: dict[str, Any]) -> StoredLetter:
    return StoredLetter(**{"value": ""} | row | {"id": str(row["id"]), "at": zoned(row["at"])})
