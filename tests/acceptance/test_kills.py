"""SIGKILL to each process and engine in mid-crawl: the run completes, and what is stored is what the site served."""

import pytest

from tests.acceptance.system import Site, System, until

VICTIMS = ("intake", "dispatch", "fetch", "extraction", "cleaning", "trends", "warehouse", "gateway", "kafka",
           "postgres", "clickhouse")  # fmt: skip
PAGES = 400


def crawl(site: Site, dataset: str) -> dict[str, object]:
    return {
        "url": f"{site.url}/",
        "name": dataset,
        "dataset": dataset,
        "options": {"follow": True, "max_pages": PAGES, "delay": 0, "concurrency": 8},
        "extract": {
            "items": "article.product",
            "fields": {
                "sku": {"css": "dd.sku::text", "required": True},
                "name": "h1::text",
                "price": {"css": ".offer .price::text", "type": "price"},
            },
            "key": "sku",
        },
    }


@pytest.mark.timeout(240)
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_kill_loses_nothing_and_doubles_nothing(system: System, site: Site, victim: str) -> None:
    already = len(site.hits())
    job_id = system.scrape(crawl(site, f"kill-{victim}"))
    until("the crawl is on its way", lambda: system.job(job_id)["counts"]["fetched"] >= PAGES // 8)

    pid = system.kill(victim)

    job = system.ended(job_id, timeout=150)
    until(f"{victim} is back", lambda: system.restarted(victim, pid))
    assert job["status"] == "completed", job
    counts = job["counts"]
    assert counts["requested"] == counts["fetched"] + counts["failed"] + counts["filtered"], counts
    assert counts["fetched"] == PAGES, counts
    assert counts["extracted"] == counts["stored"] + counts["rejected"] + counts["dropped"], counts

    [(rows, distinct)] = system.query(
        "select count(), uniqExact(id) from records where job_id = {job:UUID}", job=job_id
    )
    stored = {url for (url,) in system.query("select url from records where job_id = {job:UUID}", job=job_id)}
    hits = [hit for hit in site.hits()[already:] if hit["path"].startswith("/product/") and hit["status"] == 200]
    served = {f"{site.url}{hit['path']}" for hit in hits}
    assert rows == distinct == len(stored) == counts["stored"]
    assert stored == served
    most = max(sum(other["path"] == hit["path"] for other in hits) for hit in hits)
    assert most <= 2, f"a page was visited {most} times"
