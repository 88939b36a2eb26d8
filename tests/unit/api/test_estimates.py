"""A job before it runs: checked and estimated."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from api.services.estimates import AT_ONCE_EACH, MAX_VISITS, sample_of, told
from schemas.events import RunCounts
from schemas.job import JobDescription
from schemas.ledger import HostSample, UrlFate
from schemas.urls import fingerprint
from tests.unit.api.conftest import Client, World, running

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def job(**options: Any) -> JobDescription:
    return JobDescription.model_validate({"url": "http://shop.test/", "options": {"max_depth": 3, **options}})


def tried(url: str = "http://shop.test/", **fields: Any) -> UrlFate:
    values: dict[str, Any] = {
        "url_fp": fingerprint(url), "url": url, "host": "shop.test", "depth": 0, "state": "done", "attempt": 1,
        "outcome": "fetched", "klass": "fetched", "status": 200, "records": 0, "found_on": "", "found_at": NOW,
        "closed_at": NOW, "reason": "",
    }  # fmt: skip
    return UrlFate(**values | fields)


def host(known: int, visited: int, *, delay: float = 0.0, name: str = "shop.test") -> HostSample:
    return HostSample(host=name, known=known, visited=visited, seconds=0.2, delay=delay)


@pytest.mark.parametrize(
    ("options", "hosts", "pages", "sure", "seconds"),
    [
        ({"delay": 1}, [host(6, 6)], 6, "exact", 6.0),
        ({"delay": 1}, [host(80, 10)], 80, "at_least", 80.0),
        ({"delay": 1, "max_pages": 50}, [host(80, 10)], 50, "limit", 50.0),
        ({"delay": 1}, [host(80, 10, delay=5.0)], 80, "at_least", 400.0),  # robots.txt asks for more
        ({"delay": 0, "concurrency": 4}, [host(80, 10)], 80, "at_least", 4.0),
        ({"delay": 1}, [host(20, 5), host(60, 5, name="b.test")], 80, "at_least", 60.0),  # side by side
        ({"delay": 1, "daily_pages": 30}, [host(80, 10)], 80, "at_least", 2 * 86_400.0),
    ],
)
def test_pages_and_time_at_the_allowed_rate(
    options: dict[str, Any], hosts: list[HostSample], pages: int, sure: str, seconds: float
) -> None:
    found = told(job(**options), [tried()], hosts)
    assert (found.pages, str(found.sure)) == (pages, sure)
    assert found.seconds == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("fate", "reachable", "robots"),
    [
        (tried(), True, True),
        (tried(outcome="robots_denied", klass="filtered", status=None), False, False),
        (tried(outcome="http_error", klass="failed", status=404), False, True),
        (tried(outcome="dns_failed", klass="failed", status=None), False, None),
        (tried(state="queued", outcome=None, klass=None, status=None), None, None),
        (tried(outcome="cancelled", klass="filtered", status=None), None, None),
    ],
)
def test_each_seed_is_told_apart(fate: UrlFate, reachable: bool | None, robots: bool | None) -> None:
    found = told(job(), [fate], [host(1, 1)])
    assert (found.seeds[0].reachable, found.seeds[0].robots_allowed) == (reachable, robots)
    assert found.seeds[0].sentence
    assert (found.pages is None) is (reachable is not True) is (found.sure == "unknown")


def test_a_seed_that_moved_is_where_it_leads() -> None:
    moved = tried(outcome="redirected", status=301)
    target = tried("http://shop.test/new", found_on="http://shop.test/", hops=1, outcome="http_error", klass="failed",
                   status=500)  # fmt: skip
    (seed,) = told(job(), [moved, target], [host(2, 2)]).seeds
    assert (seed.url, seed.outcome, seed.status, seed.reachable) == ("http://shop.test/", "http_error", 500, False)


def test_a_sample_is_small_polite_and_leaves_nothing() -> None:
    whole = JobDescription.model_validate({
        "urls": [f"http://shop.test/{number}" for number in range(100)], "dataset": "prices",
        "options": {"max_pages": 5000, "delay": 3, "max_retries": 9, "render": True, "respect_robots": True},
        "extract": {"fields": {"title": "h1"}},
    })  # fmt: skip
    sample = sample_of(whole)
    assert len(sample.urls) == 5 and sample.options.max_pages == MAX_VISITS and sample.options.max_retries == 0
    assert (sample.options.delay, sample.options.respect_robots) == (3, True), "as polite as the job"
    assert sample.dataset_name != "prices" and sample.extract.items and not sample.extract.fields
    JobDescription.model_validate(sample.model_dump(mode="json"))


async def test_an_estimate_is_a_hidden_run_that_ends_with_it(world: World) -> None:
    async with running(world, estimate_wait=60.0) as client:
        headers = await client.headers("anna")
        asking = asyncio.create_task(
            client.http.post("/api/v1/scrape/estimate", headers=headers, json={"url": "http://shop.test/"})
        )
        while not world.jobs.runs:  # noqa: ASYNC110  # the fake has no event for it
            await asyncio.sleep(0)
        (run_id,) = world.jobs.runs
        world.jobs.fates[run_id], world.jobs.samples[run_id] = [tried()], [host(1, 1)]
        world.jobs.change(run_id, state="running", counts=RunCounts(requested=1, fetched=1))
        answer = await asking
        assert answer.status_code == 200, answer.text
        assert (answer.json()["pages"], answer.json()["sure"], answer.json()["seconds"]) == (1, "exact", 1.0)
        assert world.jobs.runs[run_id].cancelled_at is not None
        assert (await client.http.get("/api/v1/jobs", headers=headers)).json()["jobs"] == []
        assert [act.action for act in world.jobs.acts] == ["estimate_made", "estimate_ended"]


async def test_time_that_runs_out_is_an_answer_too(world: World) -> None:
    async with running(world, estimate_wait=0.05) as client:
        headers = await client.headers("anna")
        answer = await client.http.post("/api/v1/scrape/estimate", headers=headers, json={"url": "http://shop.test/"})
        found = answer.json()
        assert (found["pages"], found["sure"], found["seeds"][0]["reachable"]) == (None, "unknown", None)


async def test_a_job_is_checked_as_it_would_be_taken(client: Client) -> None:
    headers = await client.headers("vera")  # a viewer may not start one
    wrong = {"url": "http://shop.test/", "options": {"max_pages": 0, "delay": -1}}
    answer = await client.http.post("/api/v1/scrape/validate", headers=headers, json=wrong)
    assert answer.status_code == 422
    assert {fault["field"] for fault in answer.json()["error"]["details"]["errors"]} == {
        "options.max_pages", "options.delay"}  # fmt: skip
    right = {"url": "http://shop.test/", "selectors": {"title": "h1::text"}}
    answer = await client.http.post("/api/v1/scrape/validate", headers=headers, json=right)
    found = answer.json()
    assert answer.status_code == 200 and found["valid"] is True
    assert found["job"]["extract"]["fields"]["title"]["css"] == "h1::text" and found["job"]["options"]["delay"] == 1.0
    assert client.world.jobs.runs == {} and client.world.jobs.acts == []


@pytest.mark.parametrize(
    ("fate", "allowed"),
    [
        (tried(), True),
        (tried(outcome="robots_denied", klass="filtered", status=None), False),
        (tried(outcome="dns_failed", klass="failed", status=None), None),
    ],
)
async def test_a_check_tells_what_robots_txt_says(world: World, fate: UrlFate, allowed: bool | None) -> None:
    async with running(world, estimate_wait=60.0) as client:
        headers = await client.headers("anna")
        asking = asyncio.create_task(
            client.http.post("/api/v1/scrape/validate", headers=headers, json={"url": "http://shop.test/"})
        )
        while not world.jobs.runs:  # noqa: ASYNC110  # the fake has no event for it
            await asyncio.sleep(0)
        (run_id,) = world.jobs.runs
        world.jobs.fates[run_id] = [fate]
        world.jobs.change(run_id, state="running", counts=RunCounts(requested=1, fetched=1))
        answer = await asking
        assert answer.json()["sources"][0]["robots_allowed"] is allowed, answer.text
        sample = world.jobs.openings[world.jobs.runs[run_id].job_id].description["options"]
        assert (sample["max_depth"], sample["respect_robots"]) == (0, True)
        assert world.jobs.runs[run_id].cancelled_at is not None


async def test_a_check_that_learns_nothing_in_time_says_so(world: World) -> None:
    async with running(world, estimate_wait=0.05) as client:
        headers, asked = await client.headers("anna"), {"url": "http://shop.test/"}
        found = (await client.http.post("/api/v1/scrape/validate", headers=headers, json=asked)).json()
        assert found["valid"] is True and found["sources"][0]["robots_allowed"] is None
        world.jobs.runs.clear()
        assert (await client.http.post("/api/v1/scrape/validate?robots=false", headers=headers, json=asked)).is_success
        assert world.jobs.runs == {}, "nothing is visited"


async def test_one_owner_leaves_room_for_others(world: World) -> None:
    async with running(world, estimate_wait=60.0) as client:
        anna, other = await client.headers("anna"), await client.headers("root")

        def ask(headers: dict[str, str]) -> Any:
            return client.http.post("/api/v1/scrape/estimate", headers=headers, json={"url": "http://shop.test/"})

        asked = [asyncio.create_task(ask(anna)) for _ in range(AT_ONCE_EACH)]
        while len(world.jobs.runs) < AT_ONCE_EACH:  # noqa: ASYNC110  # the fake has no event for it
            await asyncio.sleep(0)
        assert (await ask(anna)).status_code == 503
        asked.append(asyncio.create_task(ask(other)))
        while len(world.jobs.runs) <= AT_ONCE_EACH:
            assert not asked[-1].done(), asked[-1].result().text
            await asyncio.sleep(0)
        for run_id in world.jobs.runs:
            world.jobs.change(run_id, state="running", counts=RunCounts(requested=1, fetched=1))
        assert [answer.status_code for answer in await asyncio.gather(*asked)] == [200] * 3
        asked = [asyncio.create_task(ask(anna))]
        while len(world.jobs.runs) < AT_ONCE_EACH + 2:
            assert not asked[0].done(), "the places are free again"
            await asyncio.sleep(0)
        for run_id in world.jobs.runs:
            world.jobs.change(run_id, state="running", counts=RunCounts(requested=1, fetched=1))
        assert (await asked[0]).status_code == 200
