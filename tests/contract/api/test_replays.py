"""What every store of jobs promises of replays: one at a time, the next revision each, of crawls alone."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from schemas.ledger import Opening, PagesWanted, Run
from tests.contract.api.conftest import Stores
from tests.contract.api.test_jobs import act, created, end, next_run, opening

__all__ = ["created"]


def replay_of(of: Opening) -> Opening:
    return opening(job_id=of.job_id, owner=of.owner, dataset=of.dataset, kind="replay")


@pytest.fixture
async def crawled(stores: Stores) -> Opening:
    """A job in a dataset of its own, with a crawl that has completed."""
    found = opening(dataset=f"d-{uuid4()}")
    await stores.jobs.create(found, act())
    await end(stores, found.run_id)
    return found


async def test_a_replay_is_the_jobs_newest_run_and_the_next_revision(stores: Stores, crawled: Opening) -> None:
    done = act("job_replayed")
    run = await stores.jobs.replay(replay_of(crawled), PagesWanted(), done)
    assert isinstance(run, Run) and (run.kind, run.revision, run.state) == ("replay", 2, "queued")
    job = await stores.jobs.job(crawled.job_id)
    assert job is not None and job.run == run
    assert await stores.audited(done.request_id) == ["job_replayed"]
    first = await stores.jobs.run(crawled.run_id)
    assert first is not None and (first.kind, first.revision) == ("crawl", 1)
    await end(stores, run.id)
    again = await stores.jobs.replay(replay_of(crawled), PagesWanted(), act())
    assert isinstance(again, Run) and again.revision == 3


async def test_racing_replays_are_one_and_a_crawl_may_go_on_beside_it(stores: Stores, crawled: Opening) -> None:
    found = await asyncio.gather(*(stores.jobs.replay(replay_of(crawled), PagesWanted(), act()) for _ in range(5)))
    assert sorted(str(run) for run in found if not isinstance(run, Run)) == ["running"] * 4
    assert isinstance(await stores.jobs.start(next_run(crawled), act(), force=False), Run)
    assert await stores.jobs.delete(crawled.job_id, act()) == "running"


async def test_it_needs_a_crawl_that_is_meant(stores: Stores, created: Opening, crawled: Opening) -> None:
    now = datetime.now(UTC)
    assert await stores.jobs.replay(replay_of(created), PagesWanted(), act()) == "nothing", "none has completed"
    other = PagesWanted(run_id=created.run_id)
    assert await stores.jobs.replay(replay_of(crawled), other, act()) == "nothing", "that is another job's"
    named = await stores.jobs.replay(replay_of(created), other, act())
    assert isinstance(named, Run), "one that is named need not be over"
    lately = PagesWanted(since=now - timedelta(hours=1))
    assert isinstance(await stores.jobs.replay(replay_of(crawled), lately, act()), Run)
    gone = opening(kind="replay")
    assert await stores.jobs.replay(gone, PagesWanted(), act()) == "gone"
