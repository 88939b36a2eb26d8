"""A job that keeps a copy of a site current: what its sitemaps and feed name, and afterwards only what has changed."""

from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import orjson

from tests.acceptance.changing_site import ChangingSite
from tests.acceptance.system import System
from tests.acceptance.walking import accounted

CHANGED = ("/tag/1", "/date/2", "/bare/3")


def job_of(site: ChangingSite, name: str, **freshness: Any) -> dict[str, Any]:
    return {
        "sitemaps": [f"{site.url}/index.xml.gz"],
        "feeds": [f"{site.url}/feed.xml"],
        "name": name,
        "options": {"max_depth": 2, "delay": 0, "concurrency": 4, "freshness": {"conditional": True, **freshness}},
        "extract": {"fields": {"edition": {"css": "#edition::text", "type": "number"}}},
    }


def outcomes(system: System, job_id: str) -> dict[str, str]:
    """path → outcome in the job's last run."""
    return {urlsplit(url).path: outcome for url, (outcome, _) in accounted(system, job_id).items()}


def editions(system: System, run_id: str) -> dict[str, float]:
    """path → edition, of the records that a run gave."""
    rows = system.query("select url, data from records where run_id = {run:UUID}", run=run_id)
    return {urlsplit(url).path: orjson.loads(data)["edition"] for url, data in rows}


def again(system: System, job_id: str) -> dict[str, Any]:
    """One more run of the job, to its end."""
    answer = system.client().post(f"/api/v1/jobs/{job_id}/start")
    assert answer.status_code == 202, answer.text
    return system.ended(job_id)


def test_a_later_run_visits_what_has_changed_and_asks_about_the_rest(system: System, changing: ChangingSite) -> None:
    changing.take_visits()
    job_id = system.scrape(job_of(changing, "fresh"))
    first = system.ended(job_id)
    assert first["status"] == "completed", first
    sources = {"/index.xml.gz", "/one.xml", "/two.xml.gz", "/feed.xml"}
    assert outcomes(system, job_id) == dict.fromkeys({*changing.editions, *sources}, "fetched")
    assert editions(system, first["run_id"]) == dict.fromkeys(changing.editions, 1)
    visits = changing.take_visits()
    assert Counter(visit.path for visit in visits) == Counter({*changing.editions, *sources})
    assert not any(visit.condition for visit in visits)

    pages = set(changing.editions)
    changing.change(*CHANGED, "/tag/new")
    second = again(system, job_id)
    assert second["status"] == "completed", second
    undated = {path for path in pages if path.startswith("/bare")}
    fresh = {*CHANGED, "/tag/new", *undated}
    expected = dict.fromkeys({*fresh, *sources}, "fetched") | dict.fromkeys(pages - fresh, "not_modified")
    assert outcomes(system, job_id) == expected, "a page that has not changed still leads to the hidden one"
    assert editions(system, second["run_id"]) == {path: changing.editions[path] for path in fresh}
    asked = {visit.path: visit for visit in changing.take_visits()}
    assert {path for path, visit in asked.items() if visit.status == 304} == pages - fresh
    assert all(asked[path].condition for path in pages - undated)


def test_what_is_not_due_is_not_asked_about_and_costs_no_visit(system: System, changing: ChangingSite) -> None:
    job_id = system.scrape(job_of(changing, "rested", interval=3600))
    first = system.ended(job_id)
    changing.take_visits()
    changing.change("/tag/3")
    second = again(system, job_id)
    assert (first["status"], second["status"]) == ("completed", "completed")
    assert changing.take_visits() == [], "its sitemaps and feed rest too, and their pages are known"
    assert outcomes(system, job_id).keys() >= changing.editions.keys()
    assert set(outcomes(system, job_id).values()) == {"not_modified"}
    assert second["counts"]["requested"] == first["counts"]["requested"]
