"""The warehouse's hand in ClickHouse: one insert, one block, one token."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from infra.clickhouse.client import connect, translate
from infra.errors import StoreRefused, StoreUnavailable
from infra.patience import LIMIT_S, patiently
from schemas.inserts import Rows

log = structlog.get_logger()

_SETTINGS = {
    "async_insert": 0,
    "insert_deduplicate": 1,
    # What was inserted although its answer was lost may not have reached the sums: a repeat goes on to them, and each
    # knows by the same token what it has.
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "distributed_foreground_insert": 1,
    # One reader and one squash limit above any insert of ours: what is sent together is one block, all or nothing.
    "input_format_parallel_parsing": 0,
    "max_insert_block_size": 1_000_000,
    "min_insert_block_size_rows": 1_000_000,
    "min_insert_block_size_bytes": 1_000_000_000,
    "date_time_input_format": "best_effort",
    "input_format_skip_unknown_fields": 0,
    # Words are indexed when parts are merged, not for each small part as well; until then they are found by reading.
    "exclude_materialize_skip_indexes_on_insert": "by_word",
}

_RECENT = """select toString(id) from {table}
where ingested_at between parseDateTime64BestEffort({{since:String}}, 3, 'UTC')
                      and parseDateTime64BestEffort({{until:String}}, 3, 'UTC')
order by ingested_at desc limit {limit}"""

_BEFORE = timedelta(hours=1)
_AS_ONE = timedelta(minutes=1)
"""Inserts that are no further apart are asked for together. Further apart each is asked for on its own: what a busy
partition stored in between must not take its place."""

_ASK_S = 3.0
"""How long somebody waits who can ask again."""

_PASSING = frozenset({
    74, 75, 76,  # files that cannot be read, written, opened: a full disk, too many open files
    159, 209, 210, 279, 394,  # time-outs, the network between servers, a cancelled query
    173, 202, 241, 252, 439,  # no memory, too many queries, too many parts, no threads: too much at once
    236, 242, 243,  # shutting down, read-only for now, no space left
    285, 286, 319, 999,  # replicas and their keeper
})  # fmt: skip
"""Answers by which ClickHouse says that it cannot now (its `ErrorCodes.cpp`): they are waited out like silence, since
an intent that was refused for good would stop the stage."""


class RowStore:
    """Inserts by clickhouse-connect in a thread; the client is made at the first use and again after an outage."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Client | None = None
        self._asking: Client | None = None

    async def insert(self, rows: Rows, token: str) -> None:
        """Returns when ClickHouse has answered; without an answer the same rows go again under the same token."""

        def send() -> None:
            self._ready().raw_insert(
                rows.table,
                insert_block=rows.body,
                fmt=rows.format,
                settings=_SETTINGS | {"insert_deduplication_token": token},
            )

        await self._patiently(send, f"insert into {rows.table}")

    async def recent_ids(self, table: str, moments: Sequence[str], limit: int) -> list[str]:
        """The ids that came in the hour up to each of these moments (RFC 3339), newest first, at most `limit`; where
        the moments lie apart, each has its share of it.

        Cheap however large the table is: a part tells from its index between which moments its rows came in.
        """
        windows = _windows(moments)
        query = _RECENT.format(table=_known(table), limit=int(limit) // max(1, len(windows)))
        found: list[str] = []

        def ask() -> None:
            client = self._ready()
            found[:] = [
                str(row[0])
                for since, until in windows
                for row in client.query(query, parameters={"since": since, "until": until}).result_rows
            ]

        await self._patiently(ask, f"read {table}")
        return found

    async def of_run(self, run_id: str) -> tuple[int, int] | None:
        """(distinct batches, records that came in with them) of a run; None when ClickHouse does not say so at once:
        whoever asks has more to do than to wait, and asks again."""
        found: list[tuple[int, int]] = []

        def ask() -> None:
            if self._asking is None:
                self._asking = connect(self._url, timeout=_ASK_S)
            answer = self._asking.query(
                "select count(), sum(counted_in) from (select id, any(counted_in) as counted_in from batches "
                "where run_id = {run:UUID} group by id)",
                parameters={"run": run_id},
            )
            found[:] = [(int(row[0]), int(row[1])) for row in answer.result_rows]

        try:
            await self._patiently(ask, "ask for a run's batches", limit=0.0)
        except StoreUnavailable as problem:
            log.warning("store_unavailable", what="ask for a run's batches", error=str(problem))
            return None
        return found[0] if found else (0, 0)

    async def _patiently(self, work: "Work", what: str, *, limit: float = LIMIT_S) -> None:
        async def once() -> None:
            try:
                await asyncio.to_thread(work)
            except Exception as problem:
                self._client = self._asking = None
                ours = _translated(problem, what)
                if ours is problem:
                    raise
                raise ours from problem

        await patiently(once, what, limit=limit)

    def _ready(self) -> Client:
        if self._client is None:
            self._client = connect(self._url)
        return self._client


def _windows(moments: Sequence[str]) -> list[tuple[str, str]]:
    """From when to when to look, newest first."""
    groups: list[list[datetime]] = []
    for moment in sorted(map(datetime.fromisoformat, moments), reverse=True):
        if groups and groups[-1][-1] - moment <= _AS_ONE:
            groups[-1].append(moment)
        else:
            groups.append([moment])
    return [((group[-1] - _BEFORE).isoformat(), group[0].isoformat()) for group in groups]


def _translated(problem: Exception, what: str) -> Exception:
    if isinstance(problem, ClickHouseError) and getattr(problem, "code", None) in _PASSING:
        return StoreUnavailable(f"ClickHouse cannot {what} at the moment: {problem}")
    return translate(problem)


class Work(Protocol):
    """Something to do in a thread."""

    def __call__(self) -> None: ...


_TABLES = frozenset(
    {
        "records",
        "record_marks",
        "batches",
        "page_outcomes",
        "trends",
        "run_events",
        "metrics",
        "request_logs",
        "logs",
        "dead_letters",
    }
)


def _known(table: str) -> str:
    if table not in _TABLES:
        raise StoreRefused(f"There is no table {table!r}.")
    return table
