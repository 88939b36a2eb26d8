"""What every store of jobs promises of control: done once, audited once, told, and undone."""

from uuid import uuid4

import pytest

from schemas.codec import decode
from schemas.ledger import HostWait, JobFilter, JobOrder, Opening, Run
from schemas.topics import RUN_EVENTS
from tests.contract.api.conftest import Stores
from tests.contract.api.test_jobs import act, created, end, next_run, opening

__all__ = ["created"]


async def the_run(stores: Stores, run_id: str) -> Run:
    run = await stores.jobs.run(run_id)
    assert run is not None
    return run


async def test_a_pause_is_made_once_and_undone_once(stores: Stores, created: Opening) -> None:
    paused, again, resumed = act("job_paused"), act("job_paused"), act("job_resumed")
    assert await stores.jobs.resume(created.job_id, act()) == [], "it is not paused"
    assert await stores.jobs.pause(created.job_id, paused) == [created.run_id]
    assert await stores.jobs.pause(created.job_id, again) == []
    assert (await the_run(stores, created.run_id)).paused_at is not None
    assert await stores.jobs.resume(created.job_id, resumed) == [created.run_id]
    assert (await the_run(stores, created.run_id)).paused_at is None
    audited = [await stores.audited(each.request_id) for each in (paused, again, resumed)]
    assert audited == [["job_paused"], [], ["job_resumed"]]


async def test_a_stop_ends_a_pause_and_is_the_last_word(stores: Stores, created: Opening) -> None:
    await stores.jobs.pause(created.job_id, act())
    assert await stores.jobs.stop(created.job_id, act()) == [created.run_id]
    run = await the_run(stores, created.run_id)
    assert run.stopped_at is not None and run.paused_at is None
    for change in (stores.jobs.stop, stores.jobs.pause, stores.jobs.resume):
        assert await change(created.job_id, act()) == []
    assert await stores.jobs.cancel(created.job_id, act()) == [created.run_id], "but for cancelling"


async def test_priority_and_delay_are_those_of_the_open_runs(stores: Stores, created: Opening) -> None:
    assert await stores.jobs.adjust(created.job_id, 1, None, act()) == [created.run_id]
    assert await stores.jobs.adjust(created.job_id, None, 0.3, act()) == [created.run_id]
    run = await the_run(stores, created.run_id)
    assert (run.priority, run.delay) == (1, 0.3)
    await end(stores, created.run_id)
    refused = act()
    assert await stores.jobs.adjust(created.job_id, -1, None, refused) == []
    assert await stores.audited(refused.request_id) == []
    later = await stores.jobs.start(next_run(created), act(), force=False)
    assert isinstance(later, Run) and (later.priority, later.delay) == (0, None)


@pytest.mark.parametrize("how", ["cancelled", "over"])
async def test_what_ends_cannot_be_held(stores: Stores, created: Opening, how: str) -> None:
    if how == "over":
        await end(stores, created.run_id)
    else:
        await stores.jobs.cancel(created.job_id, act())
    for change in (stores.jobs.pause, stores.jobs.resume, stores.jobs.stop):
        refused = act()
        assert await change(created.job_id, refused) == []
        assert await stores.audited(refused.request_id) == []


async def test_the_job_of_an_estimate_is_nobodys_but_its_run_is_there(stores: Stores) -> None:
    asked = opening(kind="estimate")
    run = await stores.jobs.create(asked, act())
    assert await stores.jobs.run(asked.run_id) == run
    assert await stores.jobs.job(asked.job_id) is None
    assert await stores.jobs.page(JobFilter(owner=asked.owner), JobOrder(), None, 10) == []
    assert await stores.jobs.newest_runs(owner=asked.owner, limit=10) == []
    assert await stores.jobs.tried(asked.run_id, 10) == [] == await stores.jobs.host_samples(asked.run_id)
    assert await stores.jobs.cancel(asked.job_id, act()) == [asked.run_id]


async def test_pauses_are_told_as_events(stores: Stores, created: Opening) -> None:
    if stores.database is None:
        pytest.skip("the fake tells nobody")
    for change in (stores.jobs.pause, stores.jobs.resume, stores.jobs.stop):
        await change(created.job_id, act())
    rows = await stores.database.fetch(
        "select value from outbox where topic = %s and key = %s order by id", (RUN_EVENTS, created.run_id)
    )
    events = [decode(RUN_EVENTS, row["value"]) for row in rows]
    assert [event.paused for event in events] == [True, False, False]
    assert len({event.id for event in events}) == 3


async def test_what_a_host_is_waited_for(stores: Stores, created: Opening) -> None:
    if stores.database is None:
        pytest.skip("the fake is told what to say")
    host, fp = f"{uuid4().hex}.test", str(uuid4())
    assert await stores.jobs.host_wait(created.run_id, host) is None
    for statement in (
        "insert into run_hosts (run_id, host, queued, issued) values (%(run)s, %(host)s, 4, 1)",
        "insert into hosts (host, next_visit, delay) values (%(host)s, now() + interval '9 s', 2.5)",
        "insert into host_days (job_id, host, day, visits)"
        " values (%(job)s, %(host)s, (now() at time zone 'utc')::date, 7)",
        "insert into frontier (run_id, url_fp, host, url, depth, hops, state, found_on)"
        " values (%(run)s, %(fp)s, %(host)s, 'http://x/b', 1, 1, 'done', 'http://x/a')",
    ):
        values = {"run": created.run_id, "job": created.job_id, "host": host, "fp": fp}
        await stores.database.fetch(statement.encode(), values)
    found = await stores.jobs.host_wait(created.run_id, host)
    assert isinstance(found, HostWait) and found.next_visit is not None
    assert (found.queued, found.issued, found.delay, found.visits_today) == (4, 1, 2.5, 7)
    assert await stores.jobs.spent_hosts(created.run_id, 7) == 1
    assert await stores.jobs.spent_hosts(created.run_id, 8) == 0
    target = await stores.jobs.redirect(created.run_id, "http://x/a")
    assert target is not None and (target.url, target.hops, target.url_fp) == ("http://x/b", 1, fp)
