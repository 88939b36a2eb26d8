"""What every store promises of jobs that are kept, changed and looked back on."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from schemas.ledger import Opening
from tests.contract.api.conftest import Stores
from tests.contract.api.test_jobs import act, end, next_run, opening

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def changed(job: Opening, name: str) -> Opening:
    return opening(
        job_id=job.job_id, owner=job.owner, name=name, description={"name": name, "urls": ["http://x.test/"]}
    )


@pytest.fixture
async def kept(stores: Stores) -> Opening:
    found = opening()
    await stores.versions.keep(found, act("job_kept"))
    return found


async def test_a_kept_job_has_no_run_and_is_a_job_like_others(stores: Stores, kept: Opening) -> None:
    job = await stores.jobs.job(kept.job_id)
    assert job is not None and job.run is None and (job.version, job.archived_at) == (1, None)
    assert await stores.history.runs(kept.job_id, None, 10, 0) == []
    assert await stores.jobs.cancel(kept.job_id, act()) == []
    assert await stores.jobs.newest_runs(job_id=kept.job_id, limit=5) == []
    run = await stores.jobs.start(next_run(kept), act(), force=False)
    assert not isinstance(run, str) and run.job_version == 1
    await end(stores, run.id)
    assert await stores.jobs.delete(kept.job_id, act()) == "deleted"


async def test_each_change_is_a_version_and_runs_keep_theirs(stores: Stores, kept: Opening) -> None:
    first = await stores.jobs.start(next_run(kept), act(), force=False)
    assert await stores.versions.change(changed(kept, "second"), 1, act("job_changed")) == 2
    assert await stores.versions.change(changed(kept, "late"), 1, act()) == "stale"
    assert await stores.versions.change(opening(), 1, act()) == "gone"
    job = await stores.jobs.job(kept.job_id)
    assert job is not None and (job.version, job.name, job.description["name"]) == (2, "second", "second")
    versions = await stores.versions.versions(kept.job_id, limit=10)
    assert [(version.version, version.name) for version in versions] == [(2, "second"), (1, "shop")]
    assert versions[1].description == kept.description and versions[0].made_by == "test"
    assert await stores.versions.versions(kept.job_id, before=2, limit=10) == versions[1:]
    assert await stores.versions.versions(kept.job_id, version=1, limit=10) == versions[1:]
    second = await stores.jobs.start(next_run(kept), act(), force=True)
    assert not isinstance(first, str) and not isinstance(second, str)
    assert (first.job_version, second.job_version) == (1, 2)


async def test_of_ten_changes_at_once_one_counts(stores: Stores, kept: Opening) -> None:
    changes = (stores.versions.change(changed(kept, f"n{number}"), 1, act()) for number in range(10))
    answers = await asyncio.gather(*changes)
    assert sorted(answers, key=str) == [2, *["stale"] * 9]


async def test_runs_are_looked_back_on_and_marked_once(stores: Stores, kept: Opening) -> None:
    runs = []
    for state in ("completed", "failed", "completed"):
        run = await stores.jobs.start(next_run(kept), act(), force=False)
        assert not isinstance(run, str)
        assert await stores.history.acknowledge(run.id, act()) is False  # it is open
        await end(stores, run.id, state)
        runs.append(run.id)
    assert [run.id for run in await stores.history.runs(kept.job_id, None, 2, 1)] == runs[1::-1]
    assert [run.id for run in await stores.history.runs(kept.job_id, ["failed"], 9, 0)] == [runs[1]]
    assert await stores.history.count_runs(kept.job_id, ["completed"]) == 2
    for mark, name in ((stores.history.acknowledge, "acknowledged_at"), (stores.history.begin_cleanup, "cleanup_at")):
        done, again = act("marked"), act("marked")
        assert (await mark(runs[0], done), await mark(runs[0], again)) == (True, False)
        assert await stores.audited(done.request_id) == ["marked"] and await stores.audited(again.request_id) == []
        marked = await stores.jobs.run(runs[0])
        assert marked is not None and getattr(marked, name) is not None
    await stores.history.cleaned(runs[0])
    marked = await stores.jobs.run(runs[0])
    assert marked is not None and marked.cleaned_at is not None


async def test_what_was_done_with_a_job_is_told_in_order(stores: Stores, kept: Opening) -> None:
    from dataclasses import replace

    mine = [replace(act(f"did_{number}"), object=kept.job_id, details={"run_id": "r" if number else "other"})
            for number in range(4)]  # fmt: skip
    for number, each in enumerate(mine):
        assert await stores.versions.change(changed(kept, f"n{number}"), number + 1, each) == number + 2
    done = await stores.history.acts(kept.job_id, None, (BEGINNING, ""), 10)
    assert [each.action for each in done] == ["did_0", "did_1", "did_2", "did_3"]
    assert await stores.history.acts(kept.job_id, None, (done[1].at, done[1].id), 1) == [done[2]]
    assert [each.action for each in await stores.history.acts(kept.job_id, "r", (BEGINNING, ""), 10)] == [
        "did_1", "did_2", "did_3"]  # fmt: skip


async def test_an_archived_job_is_marked_once(stores: Stores, kept: Opening) -> None:
    assert await stores.versions.archive(kept.job_id, True, act()) is True
    assert await stores.versions.archive(kept.job_id, True, act()) is False
    job = await stores.jobs.job(kept.job_id)
    assert job is not None and job.archived_at is not None
    assert await stores.versions.archive(kept.job_id, False, act()) is True
    assert await stores.versions.archive(str(uuid4()), True, act()) is False
