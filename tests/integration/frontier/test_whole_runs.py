"""Which run of a job had read everything, as the next ones are told: what is not in it is gone."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.seeding import Seeding
from infra.postgres.task_ledger import TaskLedger
from schemas.job import JobDescription
from tests.engines import Engines

JOB = {"url": "http://shop.test/", "trends": {"memory": True}, "options": {"max_pages": 9}}


@pytest.fixture
async def database(engines: Engines) -> AsyncIterator[Database]:
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres, max_size=4) as found:
        yield found


async def opened(database: Database, job_id: str, **more: object) -> str:
    run_id = str(uuid4())
    description = JobDescription.model_validate(JOB | more)
    assert await Seeding(database).open_outsiders(run_id, job_id, description, "test", [])
    return run_id


async def ended(database: Database, run_id: str, state: str = "completed", **columns: object) -> str:
    known = {"fetched": 9, "requested": 9, "visited": 8, **columns}
    changes = ", ".join(f"{name} = %({name})s" for name in known)
    await database.fetch(
        f"update runs set state = %(state)s, finished_at = now(), {changes} where id = %(run)s",
        {"state": state, "run": run_id, **known},
    )
    return run_id


async def told(database: Database, run_id: str) -> str | None:
    run = await TaskLedger(database).run(run_id)
    assert run is not None
    return run.whole_run


async def test_the_newest_run_that_had_read_everything_is_told_to_the_next_and_stays_so(database: Database) -> None:
    job_id = str(uuid4())
    first = await opened(database, job_id)
    assert await told(database, first) == ""
    beside = await opened(database, job_id)
    await ended(database, first)
    assert await told(database, beside) == "", "it was not over when this one was made"
    second = await ended(database, await opened(database, job_id))
    third = await opened(database, job_id)
    assert await told(database, third) == second
    await ended(database, beside)
    assert await told(database, third) == second
    assert await told(database, await opened(database, str(uuid4()))) == "", "another job's"
    assert await told(database, await opened(database, job_id, trends={})) is None, "nobody needs to know"


@pytest.mark.parametrize(
    ("state", "columns"),
    [("cancelled", {}), ("failed", {}), ("completed", {"stopped_at": "2026-01-01T00:00:00Z"}),
     ("completed", {"kind": "estimate"}), ("completed", {"fetched": 7, "failed": 2})],
)  # fmt: skip
async def test_a_run_that_was_cut_short_is_not_whole(
    database: Database, state: str, columns: dict[str, object]
) -> None:
    job_id = str(uuid4())
    whole = await ended(database, await opened(database, job_id))
    await ended(database, await opened(database, job_id), state, **columns)
    assert await told(database, await opened(database, job_id)) == whole


async def test_a_budget_that_was_spent_cuts_a_run_short_only_if_something_was_left_out(database: Database) -> None:
    job_id = str(uuid4())
    exact = await ended(database, await opened(database, job_id), visited=9)
    cut = await ended(database, await opened(database, job_id), visited=9)
    await database.fetch(
        "insert into frontier (run_id, url_fp, host, url, depth, state, outcome, klass) "
        "values (%s, %s, 'shop.test', 'http://shop.test/x', 1, 'done', 'budget', 'filtered')",
        (cut, str(uuid4())),
    )
    assert await told(database, await opened(database, job_id)) == exact
