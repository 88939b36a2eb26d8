"""What a job remembers of pages from run to run."""

import time
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from schemas.closings import Closing, Memory
from schemas.frontier import Issued
from schemas.job import Freshness
from tests.contract.delivery.crawl import HOST, Crawl, page

DAY = 86_400.0


async def visit(crawl: Crawl, job_id: str) -> tuple[str, Issued]:
    """A new run of the job, and its one page's task."""
    run_id = await crawl.open("a", job_id=job_id)
    (task,) = await crawl.frontier.reserve(run_id, {HOST: 1})
    return run_id, task


def seen(task: Issued, ago: float, wish: dict[str, Any] | None = None, **changes: Any) -> Closing:
    """A page that was seen so many seconds ago."""
    memory = Memory(seen_at=time.time() - ago, etag='"1"', last_modified="Mon", content_hash="h", links=b"links",
                    freshness=Freshness.model_validate(wish or {}))  # fmt: skip
    return replace(page(task), memory=replace(memory, **changes))


async def test_a_page_is_known_to_the_jobs_next_run_and_to_no_other_job(crawl: Crawl) -> None:
    job_id = str(uuid4())
    run_id, task = await visit(crawl, job_id)
    assert await crawl.frontier.seen([task]) == {} and await crawl.ledger.remembered(run_id, [task.url_fp]) == {}
    await crawl.ledger.close([seen(task, 10)])
    run_id, task = await visit(crawl, job_id)
    assert await crawl.frontier.seen([task]) == {(run_id, task.url_fp): ('"1"', "Mon", "")}
    assert await crawl.ledger.remembered(run_id, [task.url_fp, str(uuid4())]) == {task.url_fp: b"links"}
    other, task = await visit(crawl, str(uuid4()))
    assert await crawl.frontier.seen([task]) == {} and await crawl.ledger.remembered(other, [task.url_fp]) == {}


async def test_a_page_that_is_not_due_rests(crawl: Crawl) -> None:
    job_id = str(uuid4())
    _, task = await visit(crawl, job_id)
    await crawl.ledger.close([seen(task, 100, {"interval": 3600})])
    _, task = await visit(crawl, job_id)
    (known,) = (await crawl.frontier.seen([task])).values()
    since = datetime.fromisoformat(known[2]).timestamp()
    assert time.time() - 130 < since <= time.time() - 99
    await crawl.ledger.close([seen(task, 0, {"interval": 0})])
    _, task = await visit(crawl, job_id)
    assert [known[2] for known in (await crawl.frontier.seen([task])).values()] == [""]


async def test_what_has_not_changed_keeps_its_links_and_what_the_host_left_out(crawl: Crawl) -> None:
    job_id = str(uuid4())
    for ago, changes in ((50.0, {}), (20.0, {"links": None, "etag": "", "last_modified": "Tue", "content_hash": ""})):
        run_id, task = await visit(crawl, job_id)
        await crawl.ledger.close([seen(task, ago, None, **changes)])
    run_id, task = await visit(crawl, job_id)
    assert await crawl.frontier.seen([task]) == {(run_id, task.url_fp): ('"1"', "Tue", "")}
    assert await crawl.ledger.remembered(run_id, [task.url_fp]) == {task.url_fp: b"links"}


async def test_an_answer_without_a_claim_and_an_older_visit_are_not_remembered(crawl: Crawl) -> None:
    job_id = str(uuid4())
    _, task = await visit(crawl, job_id)
    await crawl.ledger.close([seen(task, 10)])
    await crawl.ledger.close([seen(task, 0, None, etag='"twin"')])
    _, late = await visit(crawl, job_id)
    await crawl.ledger.close([seen(late, 99, None, etag='"older"')])
    _, task = await visit(crawl, job_id)
    assert [known[0] for known in (await crawl.frontier.seen([task])).values()] == ['"1"']


async def test_a_page_that_never_changes_is_visited_less_often_than_one_that_does(crawl: Crawl) -> None:
    wish = {"interval": 10, "adaptive": True, "max_interval": 30 * DAY}
    for hashes, rests in (("hhh", True), ("abc", False)):
        job_id = str(uuid4())
        for days, content_hash in zip((3, 2, 1), hashes, strict=True):
            _, task = await visit(crawl, job_id)
            await crawl.ledger.close([seen(task, days * DAY, wish, content_hash=content_hash)])
        _, task = await visit(crawl, job_id)
        ((_, _, since),) = (await crawl.frontier.seen([task])).values()
        assert bool(since) is rests
