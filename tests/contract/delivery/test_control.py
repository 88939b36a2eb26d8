"""Control over runs, as every frontier keeps it: what is held gives nothing out, and loses nothing."""

import time
from typing import Any

from tests.contract.delivery.crawl import HOST, Crawl, MemoryCrawl, link, page, told
from tests.contract.delivery.test_frontier import OTHER, open_with_links


async def control(crawl: Crawl, run_id: str, change: str) -> None:
    """What the gateway writes to pause, resume or stop a run."""
    if isinstance(crawl, MemoryCrawl):
        run = crawl.frontier.runs[run_id]
        if change == "stop":
            run.stopped = True
        else:
            run.pause(change == "pause")
        return
    columns = {
        "pause": "paused_at = now()",
        "resume": "paused_at = null, resumed_at = clock_timestamp()",
        "stop": "stopped_at = now()",
    }
    await crawl._database.fetch(  # type: ignore[attr-defined]
        f"update runs set {columns[change]} where id = %s", (run_id,)
    )


async def of(crawl: Crawl, run_id: str) -> Any:
    (run,) = [run for run in await crawl.frontier.open_runs() if run.id == run_id]
    return run


async def test_a_paused_run_reserves_nothing_until_it_is_resumed(crawl: Crawl) -> None:
    run_id = await crawl.open("a", "b")
    await control(crawl, run_id, "pause")
    run = await of(crawl, run_id)
    assert run.paused and not run.going
    assert await crawl.frontier.reserve(run_id, {HOST: 5}) == []
    await control(crawl, run_id, "resume")
    run = await of(crawl, run_id)
    assert not run.paused and run.going
    assert len(await crawl.frontier.reserve(run_id, {HOST: 5})) == 2


async def test_what_a_pause_has_lost_is_issued_again_once_it_is_over(crawl: Crawl) -> None:
    host = f"{time.time_ns()}.test"
    run_id = await crawl.open("a", "b", host=host)
    first, second = await crawl.frontier.reserve(run_id, {host: 5})
    await crawl.frontier.mark_published([first, second])
    await control(crawl, run_id, "pause")
    assert host not in await crawl.frontier.under_way(), "it takes no room from others"
    await crawl.ledger.close([page(first)])
    assert not [task for task in await crawl.frontier.reissue_overdue() if task.run_id == run_id]
    await control(crawl, run_id, "resume")
    assert (await crawl.frontier.under_way())[host][0] == 1
    again = [task for task in await crawl.frontier.reissue_overdue() if task.run_id == run_id]
    assert [(task.url, task.attempt) for task in again] == [(second.url, second.attempt + 1)]
    await crawl.frontier.mark_published(again)
    assert not [task for task in await crawl.frontier.reissue_overdue() if task.run_id == run_id]


async def test_a_stopped_run_drops_what_waits_and_keeps_what_is_under_way(crawl: Crawl) -> None:
    run_id = await open_with_links(crawl, 6)
    tasks = await crawl.frontier.reserve(run_id, {HOST: 2})
    await control(crawl, run_id, "stop")
    assert (await of(crawl, run_id)).stopped
    assert await crawl.frontier.reserve(run_id, {HOST: 2}) == []
    await crawl.frontier.drop_queued(run_id)
    state, counts = await crawl.state(run_id)
    assert (state, counts.queued, counts.issued, counts.filtered) == ("running", 0, 2, 4)
    await crawl.ledger.close([page(task, "", link(f"new {task.url_fp}")) for task in tasks])
    await crawl.frontier.drop_queued(run_id)
    state, counts = await crawl.state(run_id)
    assert (counts.queued, counts.issued, counts.fetched, counts.filtered) == (0, 0, 3, 6)
    assert [event.state for event in await told(crawl, run_id)] == ["running"], "its end is the closer's to say"


async def test_a_day_has_so_many_visits_to_a_host_by_all_runs_of_a_job(crawl: Crawl) -> None:
    run_id = await crawl.open("a", "b", "c", "d")
    assert len(await crawl.frontier.reserve(run_id, {HOST: 2, OTHER: 3}, 3)) == 2
    assert len(await crawl.frontier.reserve(run_id, {HOST: 2}, 3)) == 1
    assert await crawl.frontier.reserve(run_id, {HOST: 2}, 3) == []
    _, counts = await crawl.state(run_id)
    assert (counts.queued, counts.issued) == (1, 3), "it waits for tomorrow"
    assert len(await crawl.frontier.reserve(run_id, {HOST: 2}, 4)) == 1


async def test_full_hosts_are_not_looked_at(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    assert await crawl.frontier.ready([run_id], [OTHER]) == [(run_id, HOST, 1)]
    assert await crawl.frontier.ready([run_id], [OTHER, HOST]) == []


async def test_an_estimate_that_was_left_behind_is_seen_by_its_age(crawl: Crawl) -> None:
    left, waited_for, run_id = [await crawl.open("a") for _ in range(3)]
    await crawl.age(left, 61.0)
    await crawl.age(waited_for, 30.0)
    runs = {run.id: run for run in await crawl.frontier.open_runs()}
    assert [(runs[key].unwanted, runs[key].going) for key in (left, waited_for, run_id)] == [
        (True, False), (False, True), (False, True)]  # fmt: skip
