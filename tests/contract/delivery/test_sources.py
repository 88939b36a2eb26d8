"""Sitemaps and feeds in the frontier: rows of their own, first in line, free of charge."""

import time
from dataclasses import replace

from schemas.frontier import MAX_BEYOND, MAX_SOURCES, Issued, left_out_note
from tests.contract.delivery.crawl import HOST, Crawl, failure, link, page, url_of


async def reserve(crawl: Crawl, run_id: str, count: int = 10) -> list[Issued]:
    return await crawl.frontier.reserve(run_id, {HOST: count})


async def test_a_source_is_another_row_than_the_page_at_its_address_and_goes_first(crawl: Crawl) -> None:
    run_id = await crawl.open("a", sitemaps=["a", "b"])
    tasks = [task for _ in range(3) for task in await reserve(crawl, run_id, 1)]
    assert [(task.url, task.kind) for task in tasks][2] == (url_of("a"), "page")
    assert {(task.url, task.kind) for task in tasks[:2]} == {(url_of("a"), "sitemap"), (url_of("b"), "sitemap")}
    found = [task for task in await crawl.frontier.unpublished(0.0) if task.run_id == run_id]
    assert sorted(task.kind for task in found) == ["page", "sitemap", "sitemap"], "said again it is still a source"


async def test_sources_cost_no_budget_however_many_there_are(crawl: Crawl) -> None:
    run_id = await crawl.open(sitemaps=["index"], max_pages=2)
    (index,) = await reserve(crawl, run_id)
    await crawl.ledger.close([page(index, "", link("one", 1, kind="sitemap"), link("two", 1, kind="sitemap"))])
    one, two = await reserve(crawl, run_id)
    await crawl.ledger.close([page(one, "", *(link(f"{number}", 0) for number in range(3))), page(two)])
    pages = await reserve(crawl, run_id)
    assert [task.kind for task in pages] == ["page", "page"], "two pages, as the job said"
    _, counts = await crawl.state(run_id)
    assert (counts.fetched, counts.issued, counts.queued, counts.filtered) == (3, 2, 0, 1)


async def test_a_spent_budget_opens_no_further_sources(crawl: Crawl) -> None:
    run_id = await crawl.open("a", sitemaps=["index"], max_pages=1)
    tasks = {task.kind: task for task in await reserve(crawl, run_id)}
    await crawl.ledger.close([page(tasks["sitemap"], "", link("one", 1, kind="sitemap"), link("b", 0))])
    assert await reserve(crawl, run_id) == []
    assert (await crawl.fate(run_id, "b")).outcome == "budget"


async def test_an_index_without_end_is_read_to_the_bound(crawl: Crawl) -> None:
    run_id = await crawl.open(sitemaps=["index"], max_pages=5000)
    (index,) = await reserve(crawl, run_id)
    named = [link(f"s{number}", 1, kind="sitemap") for number in range(3 * MAX_SOURCES)]
    await crawl.ledger.close([page(index, "", *named)])
    _, counts = await crawl.state(run_id)
    assert counts.queued == MAX_SOURCES - 1, "the index is one itself"
    assert counts.requested <= MAX_SOURCES + 5000 and counts.filtered > 0
    one, two = await reserve(crawl, run_id, 2)
    (closed, again) = await crawl.ledger.close([
        page(one, "", *named[:10], link("t", 1, kind="sitemap")), page(two, "", link("a", 0))
    ])  # fmt: skip
    assert (closed.new_links, again.new_links) == (1, 1), "what is known is not counted twice, and pages still come"
    _, counts = await crawl.state(run_id)
    assert (counts.fetched, counts.queued) == (3, MAX_SOURCES - 3 + 1)


async def test_a_sitemap_gives_no_more_rows_than_the_budget_has_a_use_for(crawl: Crawl) -> None:
    run_id = await crawl.open("s", sitemaps=["s"], max_pages=10)
    (sitemap,) = await reserve(crawl, run_id, 1)
    outside = [link(f"o{number}", 0, outcome="out_of_scope", reason="allow") for number in range(MAX_BEYOND)]
    named = [link("s", 0), *outside, *(link(f"{number}", 0) for number in range(3000))]
    (closed,) = await crawl.ledger.close([page(sitemap, "", *named)])
    _, counts = await crawl.state(run_id)
    assert closed.new_links == 9 + MAX_BEYOND and counts.queued == 1 + closed.new_links, "the page s waits too"
    note = (await crawl.fate(run_id, "s", "sitemap")).reason
    assert note == left_out_note(4000 - closed.new_links)


async def test_with_the_budget_the_sources_are_spent(crawl: Crawl) -> None:
    run_id = await crawl.open("a", sitemaps=["s", "t", "u"], max_pages=1)
    first = await reserve(crawl, run_id, 2)
    await crawl.ledger.close([failure(first[0], retry_at=time.time() + 900), page(first[1])])
    assert [task.kind for task in await reserve(crawl, run_id, 2)] == ["sitemap", "page"]
    _, counts = await crawl.state(run_id)
    assert (counts.queued, counts.issued, counts.filtered) == (0, 2, 1), "nor does a source wait for its next try"


async def test_what_a_sitemap_names_goes_before_what_pages_link_to(crawl: Crawl) -> None:
    run_id = await crawl.open("a", sitemaps=["s"])
    sitemap, seed = [task for _ in range(2) for task in await reserve(crawl, run_id, 1)]
    await crawl.ledger.close([page(seed, "", link("linked", 1))])
    await crawl.ledger.close([page(sitemap, "", link("named", 0))])
    assert [task.url for _ in range(2) for task in await reserve(crawl, run_id, 1)] == [
        url_of("named"),
        url_of("linked"),
    ]


async def test_a_page_that_a_sitemap_names_is_a_seed_although_a_link_was_faster(crawl: Crawl) -> None:
    run_id = await crawl.open("a", sitemaps=["s"])
    sitemap, seed = [task for _ in range(2) for task in await reserve(crawl, run_id, 1)]
    await crawl.ledger.close([page(seed, "", link("b", 3), link("c", 4, outcome="out_of_scope", reason="too_deep"))])
    await crawl.ledger.close([page(sitemap, "", link("b", 0), link("c", 0))])
    assert [(await crawl.fate(run_id, path)).depth for path in "bc"] == [0, 0]
    assert (await crawl.fate(run_id, "c")).state == "queued"


async def test_a_redirects_target_takes_the_place_of_its_source(crawl: Crawl) -> None:
    run_id = await crawl.open("a", "b", sitemaps=["s"])
    sitemap, seed = [task for _ in range(2) for task in await reserve(crawl, run_id, 1)]
    moved = link("moved", 0, hops=1, kind="sitemap")
    await crawl.ledger.close([page(seed, "", link("home", 0, hops=1), link("linked", 1)), page(sitemap, "", moved)])
    order = [task for _ in range(4) for task in await reserve(crawl, run_id, 1)]
    assert (order[0].url, order[0].kind, order[0].hops) == (url_of("moved"), "sitemap", 1)
    assert order[3].url == url_of("linked"), "after both seeds, of which one has moved"


async def test_the_trail_of_a_redirect_is_known(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    (first,) = await reserve(crawl, run_id)
    await crawl.ledger.close([page(first, "", link("b", 0, hops=1))])
    (second,) = await reserve(crawl, run_id)
    await crawl.ledger.close([page(second, "", link("c", 0, hops=2))])
    (third,) = await reserve(crawl, run_id)
    assert await crawl.ledger.trail(run_id, third.url_fp) == [url_of("b"), url_of("a")]
    assert await crawl.ledger.trail(run_id, first.url_fp) == []


async def test_a_try_that_was_not_made_does_not_count(crawl: Crawl) -> None:
    run_id = await crawl.open("a")
    for attempt in (1, 2, 3):
        (task,) = await reserve(crawl, run_id)
        assert (task.attempt, task.tries) == (attempt, 0)
        (closed,) = await crawl.ledger.close([replace(failure(task, retry_at=0.0), counts=False)])
        assert closed.retried
    (task,) = await reserve(crawl, run_id)
    await crawl.ledger.close([failure(task, retry_at=0.0)])
    assert (await crawl.fate(run_id, "a")).tries == 1
