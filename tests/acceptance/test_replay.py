"""Changed rules over pages that were fetched: a second revision, the first one kept, and nothing fetched."""

from typing import Any

import psutil
import pytest

from tests.acceptance.system import Site, System, until

PAGES = 60
NEW_RULES: dict[str, Any] = {
    "items": "article.product",
    "fields": {"sku": {"css": "dd.sku::text", "required": True}, "title": "h1::text"},
    "key": "sku",
}


def crawl(site: Site) -> dict[str, Any]:
    old = {"items": "article.product", "fields": {"sku": {"css": "dd.sku::text", "required": True}}, "key": "sku"}
    options = {"follow": True, "max_pages": PAGES, "delay": 0, "concurrency": 8}
    return {"url": f"{site.url}/", "dataset": "replayed", "options": options, "extract": old}


def replay(system: System, job_id: str, **body: Any) -> dict[str, Any]:
    answer = system.client().post(f"/api/v1/jobs/{job_id}/replay", json=body)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


def keys_of(system: System, run_id: str) -> dict[str, str]:
    """The records of a run: key → data; none of them twice."""
    rows = system.query("select key, data from records where run_id = {run:UUID}", run=run_id)
    assert len(rows) == len(dict(rows))
    return dict(rows)


@pytest.fixture(scope="module")
def fetched(system: System, site: Site) -> str:
    """A job whose pages are stored."""
    job_id = system.scrape({**crawl(site), "name": "fetched", "dataset": "fetched"})
    assert system.ended(job_id)["status"] == "completed"
    return job_id


def test_changed_rules_over_fetched_pages(system: System, site: Site) -> None:
    job_id = system.scrape(crawl(site))
    first = system.ended(job_id)
    assert first["status"] == "completed" and first["counts"]["fetched"] == PAGES, first
    visited = len(site.hits())

    reader = psutil.Process(int(system.processes()["extraction"]["pid"]))
    reader.suspend()  # the replay is still open when another one is asked for, however long the asking takes
    try:
        asked = replay(system, job_id, extract=NEW_RULES)
        refused = system.client().post(f"/api/v1/jobs/{job_id}/replay", json={})
    finally:
        reader.resume()
    assert asked["revision"] == 2
    until("some pages are read", lambda: system.job(job_id)["counts"]["fetched"] > 0, every=0.005)
    pid = system.kill("extraction")
    second = system.ended(job_id)
    until("extraction is back", lambda: system.restarted("extraction", pid))

    assert refused.status_code == 409
    assert (second["kind"], second["revision"], second["status"]) == ("replay", 2, "completed"), second
    counts, before = second["counts"], first["counts"]
    assert counts["requested"] == counts["fetched"] == PAGES, "every page once more"
    assert counts["extracted"] == counts["stored"] == before["stored"] > 0, (counts, before)
    old, new = keys_of(system, first["run_id"]), keys_of(system, second["run_id"])
    assert old.keys() == new.keys() and len(new) == second["counts"]["stored"] > 0
    assert all('"title"' in data for data in new.values()) and not any('"title"' in data for data in old.values())
    by_revision = "select revision, count() from records where dataset = 'replayed' group by revision order by revision"
    assert system.query(by_revision) == [(1, len(old)), (2, len(new))]
    assert len(site.hits()) == visited, "nothing was fetched"


def test_a_pattern_and_a_time_choose_the_pages(system: System, fetched: str) -> None:
    job_id = fetched
    urls = (
        system.client().get(f"/api/v1/jobs/{job_id}/urls", params={"outcome": "fetched", "limit": 1000}).json()["urls"]
    )
    products = {entry["url"] for entry in urls if "/product/" in entry["url"]}

    asked = replay(system, job_id, since="2026-01-01T00:00:00Z", match="/product/.*")

    third = system.ended(job_id)
    assert (asked["revision"], third["status"]) == (2, "completed"), third
    assert third["counts"]["requested"] == third["counts"]["fetched"] == len(products), third
    nothing = system.client().post(f"/api/v1/jobs/{job_id}/replay", json={"until": "2026-01-01T00:00:00Z"})
    assert nothing.status_code == 409, nothing.text


def test_rules_are_tried_on_one_stored_page(system: System, site: Site, fetched: str) -> None:
    job_id = fetched
    urls = system.client().get(f"/api/v1/jobs/{job_id}/urls", params={"outcome": "fetched"}).json()["urls"]
    product = next(entry["url"] for entry in urls if "/product/" in entry["url"])
    visited = len(site.hits())

    def preview(url: str, extract: dict[str, Any]) -> dict[str, Any]:
        answer = system.client().post(f"/api/v1/jobs/{job_id}/preview", json={"url": url, "extract": extract})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    shown = preview(product, NEW_RULES)
    assert shown["found"] and not shown["reason"], shown
    [record] = shown["records"]
    assert record["title"] and record["sku"]
    assert preview(product, {"fields": {"x": "h1["}})["problems"][0]["place"] == "fields.x.css"
    assert "No run" in preview(f"{site.url}/never-seen/", NEW_RULES)["reason"]
    assert preview(product, {"fields": {"name": "h1::text"}})["records"][0]["name"] == record["title"]

    typed = system.trawl("preview", job_id, product, "--field", "sku=dd.sku::text", "--field", "title=h1::text")
    assert (typed.returncode, typed.stderr) == (0, ""), typed
    told = [line.split(maxsplit=1) for line in typed.stdout.splitlines()]
    lines = {name: value.strip() for name, value in filter(lambda line: len(line) == 2, told)}
    assert lines.items() >= {**record, "url": product}.items(), typed.stdout
    wrong = system.trawl("preview", job_id, product, "--field", "x=h1[")
    assert wrong.returncode == 2 and "fields.x.css" in wrong.stderr, wrong
    absent = system.trawl("preview", job_id, f"{site.url}/never-seen/", "--json")
    assert absent.returncode == 1 and "No run" in absent.stderr and '"found":false' in absent.stdout, absent
    assert len(site.hits()) == visited, "nothing was fetched"
