"""Dispatch's side of the frontier: budgets that hold, tasks that are not forgotten, states that are told once."""

import asyncio
import time
from typing import Any

from tests.contract.delivery.crawl import HOST, Crawl, failure, link, page, told, url_of

OTHER = "other.test"


async def open_with_links(crawl: Crawl, count: int, **options: Any) -> str:
    """A run whose seed is closed and has found so many links."""
    run_id = await crawl.open("seed", **options)
    (seed,) = await crawl.frontier.reserve(run_id, {HOST: 1})
    await crawl.ledger.close([page(seed, "", *(link(f"{number}") for number in range(count)))])
    return run_id


async def test_a_reservation_is_within_its_quotas(crawl: Crawl) -> None:
    run_id = await crawl.open("a", "b", "c")
    tasks = await crawl.frontier.reserve(run_id, {HOST: 2, OTHER: 5})
    assert len(tasks) == 2
    assert all((task.run_id, task.host, task.attempt, task.tries) == (run_id, HOST, 1, 0) for task in tasks)
    assert await crawl.frontier.ready([run_id]) == [(run_id, HOST, 1)]


async def test_reservations_at_once_never_exceed_the_budget(crawl: Crawl) -> None:
    run_id = await open_with_links(crawl, 30, max_pages=11)
    reserved = await asyncio.gather(*(crawl.frontier.reserve(run_id, {HOST: 4}) for _ in range(8)))
    urls = [task.url for tasks in reserved for task in tasks]
    assert len(urls) == len(set(urls)) == 10
    _, counts = await crawl.state(run_id)
    assert (counts.issued, counts.queued, counts.filtered) == (10, 0, 20)
    assert await crawl.frontier.reserve(run_id, {HOST: 4}) == []


async def test_retries_and_redirects_cost_no_budget(crawl: Crawl) -> None:
    run_id = await crawl.open("a", "b", max_pages=2)
    first, second = await crawl.frontier.reserve(run_id, {HOST: 2})
    await crawl.ledger.close([failure(first, retry_at=0.0), page(second, "", link("c", hops=1))])
    again = await crawl.frontier.reserve(run_id, {HOST: 5})
    assert {(task.url, task.attempt) for task in again} == {(first.url, 2), (url_of("c"), 1)}


async def test_near_pages_go_first(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    (seed,) = await crawl.frontier.reserve(run_id, {HOST: 1})
    await crawl.ledger.close([page(seed, "", link("deep", 3), link("near", 1), link("middle", 2))])
    order = [(await crawl.frontier.reserve(run_id, {HOST: 1}))[0].url for _ in range(3)]
    assert order == [url_of("near"), url_of("middle"), url_of("deep")]


async def test_what_was_issued_and_not_published_is_found_again(crawl: Crawl) -> None:
    run_id = await crawl.open("a", "b")
    tasks = await crawl.frontier.reserve(run_id, {HOST: 2})
    await crawl.frontier.mark_published(tasks[:1])
    left = [task for task in await crawl.frontier.unpublished(0.0) if task.run_id == run_id]
    assert left == tasks[1:], "the same row under the same attempt"
    assert not [task for task in await crawl.frontier.unpublished(60.0) if task.run_id == run_id]
    await crawl.frontier.mark_published(tasks)
    assert not [task for task in await crawl.frontier.unpublished(0.0) if task.run_id == run_id]


async def test_a_mark_that_comes_late_marks_nothing(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    tasks = await crawl.frontier.reserve(run_id, {HOST: 1})
    await crawl.ledger.close([failure(tasks[0], retry_at=0.0)])
    await crawl.frontier.mark_published(tasks)
    again = await crawl.frontier.reserve(run_id, {HOST: 1})
    assert [task for task in await crawl.frontier.unpublished(0.0) if task.run_id == run_id] == again


async def test_what_is_under_way_is_counted_by_host(crawl: Crawl) -> None:
    host = f"{time.time_ns()}.test"
    first = await crawl.open("a", "b", host=host)
    second = await crawl.open("a", host=host)
    assert host not in await crawl.frontier.under_way()
    tasks = await crawl.frontier.reserve(first, {host: 2}) + await crawl.frontier.reserve(second, {host: 2})
    assert (await crawl.frontier.under_way())[host] == (3, 0.0)
    await crawl.ledger.close([page(task) for task in tasks])
    assert host not in await crawl.frontier.under_way()


async def test_open_runs_are_those_that_are_not_over(crawl: Crawl) -> None:
    run_id = await crawl.open("a", max_pages=9)
    (run,) = [run for run in await crawl.frontier.open_runs() if run.id == run_id]
    assert (run.state, run.seeded, run.cancelled, run.max_pages, run.counts.queued) == ("running", True, False, 9, 1)
    assert (await crawl.frontier.description(run_id)).options.max_pages == 9
    await crawl.ask_to_cancel(run_id)
    (run,) = [run for run in await crawl.frontier.open_runs() if run.id == run_id]
    assert run.cancelled
    await crawl.frontier.cancel(run_id)
    assert run_id not in {run.id for run in await crawl.frontier.open_runs()}


async def test_a_run_that_is_to_be_cancelled_reserves_nothing(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    await crawl.ask_to_cancel(run_id)
    assert await crawl.frontier.reserve(run_id, {HOST: 1}) == []


async def test_cancelling_closes_what_is_not_done_and_is_told_once(crawl: Crawl) -> None:
    run_id = await open_with_links(crawl, 4)
    await crawl.frontier.reserve(run_id, {HOST: 2})
    for _ in range(2):
        await crawl.frontier.cancel(run_id)
    state, counts = await crawl.state(run_id)
    assert (state, counts.queued, counts.issued, counts.fetched, counts.filtered) == ("cancelled", 0, 0, 1, 4)
    assert (await crawl.fate(run_id, "0")).outcome == "cancelled"
    assert [event.state for event in await told(crawl, run_id)] == ["running", "cancelled"]
    assert await crawl.frontier.ready([run_id]) == []


async def test_failing_is_cancelling_with_a_reason(crawl: Crawl) -> None:
    run_id = await open_with_links(crawl, 2)
    await crawl.frontier.fail(run_id, "only rejects")
    state, counts = await crawl.state(run_id)
    assert (state, counts.queued, counts.filtered) == ("failed", 0, 2)
    assert [(event.state, event.reason) for event in await told(crawl, run_id)][1:] == [("failed", "only rejects")]


async def test_each_state_is_entered_and_told_once(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    (task,) = await crawl.frontier.reserve(run_id, {HOST: 1})
    await crawl.frontier.finish(run_id, "completed", "", {})
    assert (await crawl.state(run_id))[0] == "running", "a run ends by way of finishing"
    await crawl.ledger.close([page(task)])
    for _ in range(2):
        await crawl.frontier.to_finishing(run_id)
    assert (await crawl.state(run_id))[0] == "finishing"
    for _ in range(2):
        await crawl.frontier.finish(run_id, "completed", "", {"trends": {"0": 7}})
    await crawl.frontier.cancel(run_id)
    assert (await crawl.state(run_id))[0] == "completed"
    events = await told(crawl, run_id)
    assert [event.state for event in events] == ["running", "finishing", "completed"]
    assert len({event.id for event in events}) == 3
    assert events[-1].end_offsets == {"trends": {"0": 7}} and events[-1].counts.fetched == 1
    assert await crawl.frontier.accounts(run_id) == events[-1].counts


async def test_the_outbox_keeps_order_until_it_is_delivered(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    await crawl.frontier.to_finishing(run_id)
    mine = [said for said in await crawl.frontier.outbox() if said.key == run_id]
    assert len(mine) == 2 and mine[0].id < mine[1].id
    await crawl.frontier.delivered(mine[:1])
    assert [said.id for said in await crawl.frontier.outbox() if said.key == run_id] == [mine[1].id]
    await crawl.frontier.delivered(mine)
    assert not [said for said in await crawl.frontier.outbox() if said.key == run_id]
