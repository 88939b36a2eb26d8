"""Extraction's side of the frontier: one answer holds a row, and what it brings is written with it."""

import asyncio
import time
from dataclasses import replace
from uuid import uuid4

from schemas.closings import Closed
from schemas.frontier import Issued
from schemas.ids import digest
from tests.contract.delivery.crawl import HOST, Crawl, failure, link, page


async def issue(crawl: Crawl, run_id: str, count: int = 10) -> dict[str, Issued]:
    """Reserves what is ready; by path."""
    tasks = await crawl.frontier.reserve(run_id, {HOST: count})
    return {task.url.rpartition("/")[2]: task for task in tasks}


async def test_the_run_is_as_it_was_opened(crawl: Crawl) -> None:
    run_id = await crawl.open("a", max_pages=7)
    run = await crawl.ledger.run(run_id)
    assert run is not None and run.id == run_id and run.description.options.max_pages == 7
    assert await crawl.ledger.run(str(uuid4())) is None


async def test_one_answer_holds_a_row(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    task = (await issue(crawl, run_id))["a"]
    assert await crawl.ledger.close([page(task, "first", records=2)]) == [Closed(True)]
    assert await crawl.ledger.close([page(task, "second", records=3)]) == [Closed(False)]
    cut_off = replace(page(task, "first"), outcome="extract_failed", klass="failed", reason="too slow")
    before = ("fetched", "fetched", "", 2)
    assert await crawl.ledger.close([cut_off]) == [Closed(True, before=before)], "said otherwise, it stays as it was"
    assert await crawl.ledger.close([page(task, "first", records=1)]) == [Closed(True, before=before)], "or with others"
    assert await crawl.ledger.close([page(task, "first", records=2)]) == [Closed(True)]
    assert (await crawl.state(run_id))[1].extracted == 2


async def test_of_answers_at_once_one_holds_the_row(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    task = (await issue(crawl, run_id))["a"]
    closed = await asyncio.gather(*(crawl.ledger.close([page(task, records=1)]) for _ in range(8)))
    assert sum(verdict.held for (verdict,) in closed) == 1
    assert (await crawl.state(run_id))[1].extracted == 1


async def test_the_same_answer_holds_it_again_and_changes_nothing(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    task = (await issue(crawl, run_id))["a"]
    answer = page(task, "visit", link("b"), link("c"), records=2, batches=[(digest(run_id), 2)])
    assert await crawl.ledger.close([answer]) == [Closed(True, new_links=2)]
    before = await crawl.state(run_id)
    assert await crawl.ledger.close([answer]) == [Closed(True)]
    assert await crawl.state(run_id) == before
    assert await crawl.frontier.promised(run_id) == (1, 2)


async def test_a_failure_must_answer_the_newest_attempt(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    first = (await issue(crawl, run_id))["a"]
    assert await crawl.ledger.close([failure(first, retry_at=0.0)]) == [Closed(False, retried=True)]
    second = (await issue(crawl, run_id))["a"]
    assert (first.attempt, second.attempt, second.tries) == (1, 2, 1)
    assert await crawl.ledger.close([failure(first, retry_at=0.0)]) == [Closed(False)]
    assert await crawl.ledger.close([failure(first)]) == [Closed(False)]
    assert (await crawl.fate(run_id, "a")).state == "issued"
    assert await crawl.ledger.close([failure(second)]) == [Closed(True)]
    fate = await crawl.fate(run_id, "a")
    assert (fate.state, fate.outcome, fate.klass, fate.tries) == ("done", "timeout", "failed", 2)


async def test_a_whole_response_counts_for_its_try_whichever_attempt_brought_it(crawl: Crawl) -> None:
    """Its fetcher makes no try twice: if an earlier attempt's word did not count, nobody else would ever speak."""
    run_id = await crawl.open("a")
    first = replace((await issue(crawl, run_id))["a"], attempt=0)
    assert await crawl.ledger.close([failure(first, retry_at=0.0)]) == [Closed(False)]
    assert await crawl.ledger.close([failure(first, retry_at=0.0, whole=True)]) == [Closed(False, retried=True)]
    second = replace((await issue(crawl, run_id))["a"], attempt=0)
    assert await crawl.ledger.close([failure(first, retry_at=0.0, whole=True)]) == [Closed(False)], "that try is over"
    assert await crawl.ledger.close([failure(second, whole=True)]) == [Closed(True)]
    assert (await crawl.fate(run_id, "a")).tries == 2


async def test_a_page_counts_whichever_attempt_brought_it(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    first = (await issue(crawl, run_id))["a"]
    await crawl.ledger.close([failure(first, retry_at=0.0)])
    await issue(crawl, run_id)
    assert await crawl.ledger.close([page(first)]) == [Closed(True)]


async def test_a_row_that_waits_is_nobodys(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    task = (await issue(crawl, run_id))["a"]
    await crawl.ledger.close([failure(task, retry_at=0.0)])
    assert await crawl.ledger.close([page(task)]) == [Closed(False)]
    assert await crawl.ledger.close([failure(task, retry_at=0.0)]) == [Closed(False)], "said again it counts once"
    assert (await crawl.fate(run_id, "a")).tries == 1


async def test_another_try_waits_for_its_time(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    task = (await issue(crawl, run_id))["a"]
    await crawl.ledger.close([failure(task, retry_at=time.time() + 3600)])
    assert await issue(crawl, run_id) == {}
    assert await crawl.frontier.ready([run_id]) == []
    soon = await crawl.frontier.next_ready([run_id])
    assert soon is not None and 3500 < soon <= 3600


async def test_a_link_is_a_row_once(crawl: Crawl) -> None:
    run_id = await crawl.open("a", "b")
    tasks = await issue(crawl, run_id)
    closed = await crawl.ledger.close([
        page(tasks["a"], "", link("c"), link("d"), link("a")),
        page(tasks["b"], "", link("c"), link("e")),
    ])  # fmt: skip
    assert [verdict.held for verdict in closed] == [True, True]
    assert sum(verdict.new_links for verdict in closed) == 3
    assert (await crawl.state(run_id))[1].requested == 5
    third = (await issue(crawl, run_id))["c"]
    assert await crawl.ledger.close([page(third, "", link("d"), link("e"))]) == [Closed(True)]


async def test_links_of_an_answer_without_a_claim_are_nobodys(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    task = (await issue(crawl, run_id))["a"]
    await crawl.ledger.close([page(task)])
    await crawl.ledger.close([page(task, "twin", link("b"), batches=[(digest("twin", run_id), 1)])])
    assert (await crawl.state(run_id))[1].requested == 1
    assert await crawl.frontier.promised(run_id) == (0, 0)


async def test_a_link_that_is_left_out_is_accounted_for(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    task = (await issue(crawl, run_id))["a"]
    await crawl.ledger.close([page(task, "", link("b", outcome="out_of_scope", reason="other_host"))])
    fate = await crawl.fate(run_id, "b")
    assert (fate.state, fate.outcome, fate.klass, fate.reason) == ("done", "out_of_scope", "filtered", "other_host")
    assert (await crawl.state(run_id))[1].filtered == 1


async def test_what_was_too_deep_is_let_in_when_it_is_found_nearer(crawl: Crawl) -> None:
    run_id = await crawl.open("a", "b")
    tasks = await issue(crawl, run_id)
    await crawl.ledger.close([page(tasks["a"], "", link("far", 4, outcome="out_of_scope", reason="too_deep"))])
    assert (await crawl.fate(run_id, "far")).outcome == "out_of_scope"
    assert await crawl.ledger.close([page(tasks["b"], "", link("far", 2))]) == [Closed(True)]
    fate = await crawl.fate(run_id, "far")
    assert (fate.state, fate.outcome, fate.klass, fate.depth) == ("queued", None, None, 2)
    counts = (await crawl.state(run_id))[1]
    assert (counts.queued, counts.filtered) == (1, 0)
    assert "far" in await issue(crawl, run_id)


async def test_what_was_left_out_for_another_reason_stays_out(crawl: Crawl) -> None:
    run_id = await crawl.open("a", "b")
    tasks = await issue(crawl, run_id)
    await crawl.ledger.close([page(tasks["a"], "", link("x", 4, outcome="out_of_scope", reason="denied"))])
    await crawl.ledger.close([page(tasks["b"], "", link("x", 2))])
    assert (await crawl.fate(run_id, "x")).state == "done"


async def test_what_waits_moves_up_when_it_is_found_nearer(crawl: Crawl) -> None:
    run_id = await crawl.open("a", "b")
    tasks = await issue(crawl, run_id)
    await crawl.ledger.close([page(tasks["a"], "", link("c", 3), link("d", 2))])
    await crawl.ledger.close([page(tasks["b"], "", link("c", 1), link("d", 3))])
    assert ((await crawl.fate(run_id, "c")).depth, (await crawl.fate(run_id, "d")).depth) == (1, 2)


async def test_a_spent_budget_takes_no_links_but_redirects(crawl: Crawl) -> None:
    run_id = await crawl.open("a", max_pages=1)
    task = (await issue(crawl, run_id))["a"]
    await crawl.ledger.close([page(task, "", link("b"), link("c", hops=1))])
    assert ((await crawl.fate(run_id, "b")).outcome, (await crawl.fate(run_id, "c")).state) == ("budget", "queued")


async def test_a_run_that_is_to_be_cancelled_takes_no_links(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    task = (await issue(crawl, run_id))["a"]
    await crawl.ask_to_cancel(run_id)
    assert await crawl.ledger.close([page(task, "", link("b"))]) == [Closed(True, new_links=1)]
    assert (await crawl.fate(run_id, "b")).outcome == "cancelled"


async def test_a_cancelled_runs_answers_hold_nothing(crawl: Crawl) -> None:
    run_id = await crawl.open("a", "b")
    tasks = await issue(crawl, run_id)
    await crawl.frontier.cancel(run_id)
    closed = await crawl.ledger.close([page(tasks["a"], records=5), failure(tasks["b"], retry_at=0.0)])
    assert closed == [Closed(False), Closed(False)]
    assert (await crawl.state(run_id))[1].extracted == 0


async def test_the_accounts_add_up_at_every_moment(crawl: Crawl) -> None:
    run_id = await crawl.open("a", "b", "c", max_pages=5)
    tasks = await issue(crawl, run_id)
    steps = [
        [page(tasks["a"], "", link("d"), link("e"), link("f"), link("g", outcome="out_of_scope"), records=3)],
        [failure(tasks["b"], retry_at=0.0), failure(tasks["c"])],
    ]
    for closings in steps:
        await crawl.ledger.close(closings)
        _, counts = await crawl.state(run_id)
        parts = counts.queued + counts.issued + counts.fetched + counts.failed + counts.filtered
        assert counts.requested == parts
    assert (counts.requested, counts.fetched, counts.failed, counts.filtered, counts.queued) == (7, 1, 1, 1, 4)
    assert counts.extracted == 3
    again = await issue(crawl, run_id)
    assert len(again) == 3 and "b" in again, "two of three first visits, and the retry, which costs nothing"
    _, counts = await crawl.state(run_id)
    assert (counts.issued, counts.queued, counts.filtered) == (3, 0, 2)


async def test_answers_of_several_runs_are_one_transaction(crawl: Crawl) -> None:
    runs = [await crawl.open("a") for _ in range(3)]
    tasks = [(await issue(crawl, run_id))["a"] for run_id in runs]
    closed = await crawl.ledger.close([page(task, "", link("b"), records=1) for task in tasks])
    assert closed == [Closed(True, new_links=1)] * 3
    assert [(await crawl.state(run_id))[1].extracted for run_id in runs] == [1, 1, 1]
