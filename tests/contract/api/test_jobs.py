"""What every store of jobs promises."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from infra.errors import StoreRefused
from schemas.accounts import Act
from schemas.job import JobDescription
from schemas.ledger import JobFilter, JobOrder, Opening, Run
from tests.contract.api.conftest import Stores

DESCRIPTION = JobDescription.model_validate({"url": "http://shop.test/", "name": "shöp \U0001f41f"})


ORDERS: tuple[Any, ...] = ("created_at", "updated_at", "name", "status")


def act(action: str = "tested") -> Act:
    return Act(actor="test", action=action, request_id=str(uuid4()))


def opening(**fields: Any) -> Opening:
    values: dict[str, Any] = {
        "run_id": str(uuid4()), "job_id": str(uuid4()), "owner": f"owner-{uuid4()}", "name": "shop", "dataset": "shop",
        "description": DESCRIPTION.model_dump(mode="json"), "priority": 0, "max_pages": 50,
    }  # fmt: skip
    return Opening(**values | fields)


def next_run(of: Opening) -> Opening:
    return opening(job_id=of.job_id, owner=of.owner)


async def end(stores: Stores, run_id: str, state: str = "completed") -> None:
    """What the line does when a run is over."""
    if stores.database is None:
        stores.jobs.change(run_id, state=state)  # type: ignore[attr-defined]
    else:
        await stores.database.fetch("update runs set state = %s, finished_at = now() where id = %s", (state, run_id))


@pytest.fixture
async def created(stores: Stores) -> Opening:
    found = opening()
    await stores.jobs.create(found, act())
    return found


async def test_a_new_job_has_a_queued_run_and_its_request_is_on_its_way(stores: Stores) -> None:
    asked, done = opening(), act("job_created")
    run = await stores.jobs.create(asked, done)
    assert (run.id, run.job_id, run.owner, run.state, run.max_pages) == (
        asked.run_id, asked.job_id, asked.owner, "queued", 50)  # fmt: skip
    assert run.counts.requested == 0 and run.open and run.cancelled_at is None
    job = await stores.jobs.job(asked.job_id)
    assert job is not None and job.run == run
    assert JobDescription.model_validate(job.description) == DESCRIPTION
    assert await stores.audited(done.request_id) == ["job_created"]
    assert await requests(stores, asked.run_id) == 1
    assert await stores.jobs.run(asked.run_id) == run


async def requests(stores: Stores, run_id: str) -> int:
    if stores.database is None:
        return sum(request.run_id == run_id for request in stores.jobs.outbox)  # type: ignore[attr-defined]
    rows = await stores.database.fetch(
        "select value from outbox where topic = 'scrape-requests' and key = %s", (run_id,)
    )
    return len(rows)


async def test_what_is_not_there_is_not_found(stores: Stores) -> None:
    nowhere = str(uuid4())
    assert await stores.jobs.job(nowhere) is None
    assert await stores.jobs.run(nowhere) is None
    assert await stores.jobs.urls(nowhere, limit=10) == []
    assert await stores.jobs.cancel(nowhere, act()) == []
    assert await stores.jobs.delete(nowhere, act()) == "gone"
    assert await stores.jobs.start(opening(), act(), force=True) == "gone"


async def test_what_is_no_id_is_refused(stores: Stores) -> None:
    with pytest.raises(StoreRefused):
        await stores.jobs.run("no id")


async def test_a_job_is_not_started_while_a_run_is_open_unless_forced(stores: Stores, created: Opening) -> None:
    refused = act()
    assert await stores.jobs.start(next_run(created), refused, force=False) == "running"
    assert await stores.audited(refused.request_id) == []
    forced = await stores.jobs.start(next_run(created), act(), force=True)
    assert isinstance(forced, Run)
    job = await stores.jobs.job(created.job_id)
    assert job is not None and job.run is not None and job.run.id == forced.id
    for run_id in (created.run_id, forced.id):
        await end(stores, run_id)
    again = await stores.jobs.start(next_run(created), act(), force=False)
    assert isinstance(again, Run)
    assert await stores.jobs.newest_runs(job_id=created.job_id, limit=10) == [again.id, forced.id, created.run_id]
    assert await stores.jobs.newest_runs(owner=created.owner, limit=2) == [again.id, forced.id]


async def test_of_ten_starts_at_once_one_opens_a_run(stores: Stores, created: Opening) -> None:
    await end(stores, created.run_id)
    answers = await asyncio.gather(*(stores.jobs.start(next_run(created), act(), force=False) for _ in range(10)))
    assert sum(isinstance(answer, Run) for answer in answers) == 1
    assert answers.count("running") == 9


async def test_a_cancelled_run_is_marked_once(stores: Stores, created: Opening) -> None:
    first, second = act("job_cancelled"), act("job_cancelled")
    assert await stores.jobs.cancel(created.job_id, first) == [created.run_id]
    assert await stores.jobs.cancel(created.job_id, second) == []
    assert await stores.audited(first.request_id) == ["job_cancelled"]
    assert await stores.audited(second.request_id) == []
    run = await stores.jobs.run(created.run_id)
    assert run is not None and run.cancelled_at is not None and run.state == "queued"


async def test_a_job_is_deleted_when_it_is_over(stores: Stores, created: Opening) -> None:
    assert await stores.jobs.delete(created.job_id, act()) == "running"
    await end(stores, created.run_id)
    done = act("job_deleted")
    assert await stores.jobs.delete(created.job_id, done) == "deleted"
    assert await stores.jobs.delete(created.job_id, act()) == "gone"
    assert await stores.audited(done.request_id) == ["job_deleted"]
    assert await stores.jobs.job(created.job_id) is None
    assert await stores.jobs.run(created.run_id) is None
    assert await stores.jobs.page(JobFilter(owner=created.owner), JobOrder(), None, 10) == []
    assert await stores.jobs.start(next_run(created), act(), force=True) == "gone"


async def test_jobs_are_listed_newest_first_piece_by_piece(stores: Stores) -> None:
    owner = f"owner-{uuid4()}"
    made = [opening(owner=owner) for _ in range(5)]
    for each in made:
        await stores.jobs.create(each, act())
    await end(stores, made[1].run_id, "failed")
    newest = [each.job_id for each in reversed(made)]
    mine, newest_first = JobFilter(owner=owner), JobOrder()
    whole = await stores.jobs.page(mine, newest_first, None, 10)
    assert [job.id for job, _ in whole] == newest and await stores.jobs.count(mine) == 5
    first = await stores.jobs.page(mine, newest_first, None, 2)
    rest = await stores.jobs.page(mine, newest_first, (first[-1][1], first[-1][0].id), 10)
    assert [job.id for job, _ in [*first, *rest]] == newest
    assert [job.id for job, _ in await stores.jobs.page(mine, newest_first, None, 2, offset=3)] == newest[3:]
    failed = await stores.jobs.page(JobFilter(owner=owner, states=("failed",)), newest_first, None, 10)
    assert [job.id for job, _ in failed] == [made[1].job_id]
    everyone = await stores.jobs.page(JobFilter(), newest_first, None, 3)
    assert [job.id for job, _ in everyone] == newest[:3]
    assert await stores.jobs.page(JobFilter(owner=f"not {owner}"), newest_first, None, 10) == []


@pytest.mark.parametrize("order", [JobOrder(by=by, down=down) for by in ORDERS for down in (False, True)], ids=str)
async def test_every_order_can_be_read_on_from_any_place(stores: Stores, order: JobOrder) -> None:
    owner = f"owner-{uuid4()}"
    for name in ("b", "A", "a", "Ü", "c"):
        each = opening(owner=owner, name=name)
        await stores.jobs.create(each, act())
        if name < "b":
            await end(stores, each.run_id)
    await stores.versions.keep(opening(owner=owner, name="d"), act())
    mine = JobFilter(owner=owner)
    whole = await stores.jobs.page(mine, order, None, 10)
    places = [(place, job.id) for job, place in whole]
    assert len(whole) == 6 and places == sorted(places, reverse=order.down)
    pieces: list[str] = []
    after: tuple[str, str] | None = None
    while piece := await stores.jobs.page(mine, order, after, 2):
        pieces += [job.id for job, _ in piece]
        after = (piece[-1][1], piece[-1][0].id)
    assert pieces == [job.id for job, _ in whole]


async def test_a_list_holds_what_its_filter_says(stores: Stores) -> None:
    owner = f"owner-{uuid4()}"
    kept = opening(owner=owner, name="Kettles 100%", dataset="Pots", description={"type": "Shop", "enabled": False})
    await stores.versions.keep(kept, act())
    run = opening(owner=owner, name="books", description={"type": "books", "enabled": True})
    await stores.jobs.create(run, act())
    await stores.versions.archive(run.job_id, True, act())

    async def found(**wanted: Any) -> list[str]:
        asked = JobFilter(owner=owner, **wanted)
        page = await stores.jobs.page(asked, JobOrder(), None, 10)
        by_name = await stores.jobs.page(asked, JobOrder(by="name", down=False), None, 10)
        assert len(page) == len(by_name) == await stores.jobs.count(asked)
        return [job.name for job, _ in page]

    assert await found() == await found(states=("created",)) == await found(text="KETTLES 100%") == ["Kettles 100%"]
    assert await found(archived=True) == await found(archived=None, states=("queued",)) == ["books"]
    assert await found(archived=None, type="shop") == await found(archived=None, enabled=False) == ["Kettles 100%"]
    assert await found(type="SHOP") == await found(dataset="pOTS") == await found(dataset="Pots") == ["Kettles 100%"]
    assert await found(dataset="shop") == await found(dataset="pot_") == await found(text="_ettles") == []
