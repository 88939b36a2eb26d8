"""What every store of visits promises; the real one is ClickHouse."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from api.ports import Visits
from infra.clickhouse.client import connect
from infra.clickhouse.migrate import migrate
from infra.clickhouse.reading import Reading
from infra.clickhouse.visits import ClickHouseVisits
from schemas.ledger import RunFigures, Sample, Turn, Visited
from tests.unit.api.jobs_fakes import FakeVisits

BEGAN = datetime(2026, 1, 5, 10, 30, 0, 123_000, tzinfo=UTC)
BEGINNING = (datetime(1970, 1, 1, tzinfo=UTC), "")


@dataclass
class Store:
    """Visits, and a way to fill them."""

    visits: Visits
    client: Any

    async def _insert(self, table: str, rows: list[dict[str, Any]]) -> None:
        names = list(rows[0])
        await asyncio.to_thread(self.client.insert, table, [list(row.values()) for row in rows], column_names=names)

    async def keep(self, run_id: str, found: list[Visited], **more: Any) -> None:
        if self.client is None:
            self.visits.of_run[run_id] = found  # type: ignore[attr-defined]
            return
        await self._insert("page_outcomes", [
            {"id": each.id, "run_id": run_id, "job_id": run_id, "dataset": "d", "url": each.url, "url_fp": uuid4(),
             "host": "h", "outcome": each.outcome, "klass": each.klass, "final": each.final, "status": each.status,
             "records": each.records, "fetched_at": each.at, "reason": each.reason, "ingested_at": datetime.now(UTC),
             **more}
            for each in found
        ])  # fmt: skip

    async def turn(self, run_id: str, turns: list[Turn], kind: str = "state") -> None:
        if self.client is None:
            self.visits.turns_of[run_id] = turns  # type: ignore[attr-defined]
            return
        await self._insert("run_events", [
            {"id": each.id, "run_id": run_id, "job_id": run_id, "dataset": "d", "kind": kind, "state": each.state,
             "at": each.at, "counts": dict(each.counts), "reason": each.reason, "paused": each.paused,
             "ingested_at": datetime.now(UTC)}
            for each in turns
        ])  # fmt: skip


@pytest.fixture(params=["fake", "real"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """One kind of store after the other."""
    if request.param == "fake":
        yield Store(FakeVisits(), None)
        return
    engines = request.getfixturevalue("engines")
    await asyncio.to_thread(migrate, engines.clickhouse)
    async with Reading(engines.clickhouse) as reading:
        client = await asyncio.to_thread(connect, engines.clickhouse)
        yield Store(ClickHouseVisits(reading), client)
        client.close()


def visit(second: int = 0, **fields: Any) -> Visited:
    values: dict[str, Any] = {
        "id": str(uuid4()), "at": BEGAN + timedelta(seconds=second), "url": "http://shop.test/", "outcome": "fetched",
        "klass": "fetched", "final": True, "status": 200, "records": 3, "reason": "",
    }  # fmt: skip
    return Visited(**values | fields)


async def test_visits_come_in_the_order_of_time_piece_by_piece(store: Store) -> None:
    run_id = str(uuid4())
    found = [visit(second // 3) for second in range(9)]
    found += [visit(9, outcome="http_error", klass="failed", status=503, reason="busy"), visit(10, final=False)]
    await store.keep(run_id, found)
    whole = sorted(found, key=lambda each: (each.at, each.id))
    assert await store.visits.visits(run_id, BEGINNING, 100) == whole
    pieces: list[Visited] = []
    after = BEGINNING
    while piece := await store.visits.visits(run_id, after, 2):
        pieces += piece
        after = (piece[-1].at, piece[-1].id)
    assert pieces == whole
    assert await store.visits.visits(run_id, BEGINNING, 100, trouble=True) == whole[-2:]
    assert await store.visits.visits(str(uuid4()), BEGINNING, 100) == []


async def test_turns_come_in_the_order_of_time(store: Store) -> None:
    run_id = str(uuid4())
    turns = [
        Turn(id=str(uuid4()), at=BEGAN + timedelta(seconds=second), state="running", reason="", paused=second == 1,
             counts={"requested": 3, "filtered": 1, "fetched": second, "failed": 0})
        for second in range(3)
    ]  # fmt: skip
    await store.turn(run_id, turns)
    assert await store.visits.turns(run_id, BEGINNING, 10) == turns
    assert await store.visits.turns(run_id, (turns[0].at, turns[0].id), 1) == turns[1:2]
    if store.client is not None:
        await store.turn(run_id, [replace(turns[2], id=str(uuid4()), at=BEGAN + timedelta(seconds=9))], "progress")
        assert await store.visits.turns(run_id, BEGINNING, 10) == turns
        samples = await store.visits.samples(run_id, 2)
        assert [(sample.known, sample.done) for sample in samples] == [(2, 2), (2, 2)]
        assert samples[1] == Sample(BEGAN + timedelta(seconds=9), 2, 2)


async def test_figures_add_up_visits_and_removed_records_are_gone(store: Store) -> None:
    run_id, dataset = str(uuid4()), f"set-{uuid4()}"
    if store.client is None:
        pytest.skip("the fake tells what it was given")
    await store.keep(run_id, [visit(), visit(outcome="not_modified"), visit(final=False)], elapsed_ms=20.0, body_size=9)
    assert await store.visits.figures([run_id, str(uuid4())]) == [
        RunFigures(run_id=run_id, visits=3, mean_ms=20.0, unchanged=1, bytes=27, retried=1)
    ]
    assert await store.visits.figures([]) == []
    other = str(uuid4())
    for each in (run_id, other):
        await store._insert("records", [
            {"id": uuid4(), "dataset": dataset, "run_id": each, "job_id": each, "batch_id": each, "key": "k",
             "url": "u", "data": "{}", "numbers": {}, "fetched_at": BEGAN, "ingested_at": BEGAN}
        ])  # fmt: skip
    await store.visits.remove_records(dataset, run_id)
    left = await asyncio.to_thread(
        store.client.query, "select run_id from records where dataset = {d:String}", parameters={"d": dataset}
    )
    assert [str(row[0]) for row in left.result_rows] == [other]
