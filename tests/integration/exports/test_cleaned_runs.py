"""Files of runs whose records are removed: they go at the same moment, and no other is made."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from infra.postgres.jobs import PostgresJobs
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.run_history import PostgresHistory
from schemas.exports import Export, ExportAsked
from tests.contract.api.test_accounts import act
from tests.contract.api.test_jobs import opening
from tests.integration.exports.keeping import exports_of, work_of


@pytest.fixture
async def database(engines: Any) -> AsyncIterator[Database]:
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres, max_size=8) as found:
        await found.fetch("delete from exports")
        yield found


async def completed(database: Database) -> ExportAsked:
    run = await PostgresJobs(database).create(opening(), act())
    await database.fetch("update runs set state = 'completed', finished_at = now() where id = %s", (run.id,))
    return ExportAsked(job_id=run.job_id, run_id=run.id, format="json", variant="")


async def test_a_file_goes_with_the_records_whether_it_is_whole_or_being_made(database: Database) -> None:
    exports, work = exports_of(database), work_of(database)
    asked = await completed(database)
    made = await exports.ask(asked, 9, 10**9, act())
    taken = await work.take()
    assert isinstance(made, Export) and taken is not None and taken.id == made.id
    blob = f"exports/{uuid4()}"
    assert await work.finish(taken, records=1, size=1, sha256="0", blob=blob)
    assert await exports.ask(ExportAsked(job_id=asked.job_id, run_id=None, format="csv", variant=""), 9, 10**9, act())
    under_way = await work.take()
    assert under_way is not None
    history, done = PostgresHistory(database), act("records_removed")
    assert await history.begin_cleanup(asked.run_id or "", done)
    assert not await history.begin_cleanup(asked.run_id or "", done)
    assert await exports.export(made.id) is None and await exports.named(asked.job_id, made.filename) is None
    assert not await exports.downloaded(made.id, act()) and blob in await work.to_drop()
    assert not await work.finish(under_way, records=1, size=1, sha256="0", blob="x")
    for run_id in (asked.run_id, None):
        again = ExportAsked(job_id=asked.job_id, run_id=run_id, format="json", variant="")
        assert await exports.ask(again, 9, 10**9, act()) == "cleaned"


async def test_a_file_that_is_asked_for_meanwhile_goes_too_or_is_refused(database: Database) -> None:
    exports, history = exports_of(database), PostgresHistory(database)
    for _ in range(10):
        asked = await completed(database)
        await asyncio.gather(
            *(exports.ask(asked, 9, 10**9, act()) for _ in range(3)),
            history.begin_cleanup(asked.run_id or "", act()),
        )
        assert await exports.of_job(asked.job_id, 9) == []


async def test_what_the_description_asks_for_is_not_planned_any_more(database: Database) -> None:
    asked = await completed(database)
    await database.fetch(
        """update runs set description = '{"export_formats": ["json"]}' where id = %s""", (asked.run_id,)
    )
    assert await PostgresHistory(database).begin_cleanup(asked.run_id or "", act())
    await work_of(database).plan()
    assert await exports_of(database).of_job(asked.job_id, 9) == []
