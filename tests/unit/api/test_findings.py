"""Records, URLs and trends over REST."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from schemas.ledger import StoredMark, StoredRecord
from tests.contract.api.test_records import TREND
from tests.contract.api.test_urls import fate
from tests.unit.api.conftest import Client

BEGAN = datetime(2026, 1, 5, 10, 30, tzinfo=UTC)


def record(number: int) -> StoredRecord:
    data = json.dumps({"n": number, "name": "Ünï </script> \u2028"}, ensure_ascii=False)
    return StoredRecord(id=str(uuid4()), key=f"k{number:04}", url="http://shop.test/", data=data, fetched_at=BEGAN)


@pytest.fixture
async def job(client: Client) -> dict[str, Any]:
    """A job of anna's with 2,500 records."""
    headers = await client.headers("anna")
    made = await client.scrape(headers, name="shop")
    client.world.records.of_run[made["run_id"]] = [record(number) for number in range(2500)]
    return {**made, "headers": headers}


async def test_records_are_read_piece_by_piece(client: Client, job: dict[str, Any]) -> None:
    seen: list[Any] = []
    params: dict[str, Any] = {"limit": 1000}
    while True:
        page = (await client.http.get(job["links"]["records"], params=params, headers=job["headers"])).json()
        assert (page["job_id"], page["run_id"], page["dataset"]) == (job["job_id"], job["run_id"], "shop")
        seen += page["records"]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert [entry["data"]["n"] for entry in seen] == list(range(2500))
    assert seen[0]["data"]["name"] == "Ünï </script> \u2028" and seen[0]["fetched_at"] == "2026-01-05T10:30:00+00:00"
    few = (await client.http.get(job["links"]["records"], headers=job["headers"])).json()
    assert len(few["records"]) == 100


async def test_lines_are_streamed_to_the_end_unless_a_limit_is_given(client: Client, job: dict[str, Any]) -> None:
    answer = await client.http.get(job["links"]["records"], params={"format": "jsonl"}, headers=job["headers"])
    assert answer.headers["content-type"].startswith("application/jsonl")
    assert [json.loads(line)["data"]["n"] for line in answer.content.split(b"\n")[:-1]] == list(range(2500))
    few = await client.http.get(job["links"]["records"], params={"format": "jsonl", "limit": 2}, headers=job["headers"])
    assert few.content.count(b"\n") == 2
    rest = await client.http.get(
        job["links"]["records"],
        params={"format": "jsonl", "limit": 1, "cursor": few.headers["x-next-cursor"]},
        headers=job["headers"],
    )
    assert json.loads(rest.content)["data"]["n"] == 2


async def test_records_are_chosen_and_sorted_by_their_fields(client: Client, job: dict[str, Any]) -> None:
    async def numbers(**params: Any) -> tuple[list[int], str | None]:
        answer = await client.http.get(job["links"]["records"], params=params, headers=job["headers"])
        assert answer.status_code == 200, answer.text
        if params.get("format") == "jsonl":
            cursor = answer.headers.get("x-next-cursor")
            return [json.loads(line)["data"]["n"] for line in answer.content.split(b"\n")[:-1]], cursor
        page = answer.json()
        return [entry["data"]["n"] for entry in page["records"]], page["next_cursor"]

    assert (await numbers(where=["n>=10", "n<13"]))[0] == [10, 11, 12]
    assert (await numbers(where="n!=1", limit=2))[0] == [0, 2]
    whole, none = await numbers(where="n>=1000", format="jsonl")
    assert whole == list(range(1000, 2500)) and none is None, "streamed to the end by the same condition"
    for form in ("json", "jsonl"):
        first, cursor = await numbers(where="n<4", sort="-n", limit=3, format=form)
        rest, end = await numbers(where="n<4", sort="-n", limit=3, format=form, cursor=cursor)
        assert (first, rest, end) == ([3, 2, 1], [0], None)
    few, more = await numbers(sort="-n", format="jsonl")
    assert few == list(range(2499, 2399, -1)) and more


@pytest.mark.parametrize(
    "params",
    [{"where": "price"}, {"where": "=1"}, {"where": "price="}, {"where": "name>x"},
     {"where": "n<true"}, {"where": "n<1e999"}, {"where": "n>2026-02-30"}, {"where": ["n=1"] * 11},
     {"where": "n=" + "1" * 500}, {"sort": ""}, {"sort": "-"}, {"sort": "n", "cursor": "WyJhIiwiYiJd"},
     {"sort": "n", "cursor": "WyJuYW4iLCJhIiwiMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAiXQ"}],
    ids=str,
)  # fmt: skip
async def test_a_choice_that_says_nothing_is_refused(
    client: Client, job: dict[str, Any], params: dict[str, Any]
) -> None:
    answer = await client.http.get(job["links"]["records"], params=params, headers=job["headers"])
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["details"]["errors"][0]["field"].split(".")[-1] in {*params, "0"}


async def test_an_older_run_can_be_asked_for(client: Client, job: dict[str, Any]) -> None:
    client.world.jobs.change(job["run_id"], state="completed")
    await client.http.post(f"{job['links']['self']}/start", headers=job["headers"])
    newest = (await client.http.get(job["links"]["records"], headers=job["headers"])).json()
    older = await client.http.get(job["links"]["records"], params={"run_id": job["run_id"]}, headers=job["headers"])
    assert newest["records"] == [] and len(older.json()["records"]) == 100


async def test_urls_are_told_with_their_fate(client: Client, job: dict[str, Any]) -> None:
    fates = [fate(f"p{number}") for number in range(5)]
    gone = fate("gone?b=2&a=1", outcome="http_error", klass="failed", status=404, reason="Not Found")
    client.world.jobs.fates[job["run_id"]] = [*fates, gone]

    async def ask(**params: Any) -> list[dict[str, Any]]:
        answer = await client.http.get(job["links"]["urls"], params=params, headers=job["headers"])
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["urls"]
        return found

    assert len(await ask()) == 6
    for params in ({"outcome": "failed"}, {"url": "HTTP://shop.test:80/x/../gone?a=1&b=2#top"}):
        found = await ask(**params)
        assert [(entry["url"], entry["class"], entry["status"]) for entry in found] == [(gone.url, "failed", 404)]
    bad = await client.http.get(job["links"]["urls"], params={"url": "mailto:x"}, headers=job["headers"])
    assert bad.status_code == 422 and bad.json()["error"]["details"]["errors"][0]["code"] == "NOT_HTTP"


async def test_trends_are_shown_to_whoever_owns_the_run(client: Client, job: dict[str, Any]) -> None:
    mine = [
        replace(TREND, id=str(uuid4()), run_id=job["run_id"], dataset="shop", at=BEGAN + timedelta(seconds=number))
        for number in range(3)
    ]
    foreign = replace(TREND, id=str(uuid4()), run_id=str(uuid4()), dataset="shop", kind="shift")
    client.world.records.stored_trends = [*mine, foreign]
    newest_first = [trend.id for trend in mine[::-1]]
    for path in (job["links"]["trends"], "/api/v1/trends"):
        found = (await client.http.get(path, headers=job["headers"])).json()
        assert [trend["id"] for trend in found["trends"]] == newest_first
        assert found["trends"][0]["values"] == [10.0, 10.1, 7.0]
        piece = (await client.http.get(path, params={"limit": 2}, headers=job["headers"])).json()
        rest = await client.http.get(path, params={"cursor": piece["next_cursor"]}, headers=job["headers"])
        assert [trend["id"] for trend in piece["trends"] + rest.json()["trends"]] == newest_first
    otto, root = await client.headers("otto"), await client.headers("root")
    assert (await client.http.get("/api/v1/trends", headers=otto)).json() == {"trends": [], "next_cursor": None}
    everything = await client.http.get("/api/v1/trends", params={"kind": "shift"}, headers=root)
    assert [trend["id"] for trend in everything.json()["trends"]] == [foreign.id]


@pytest.mark.parametrize("cursor", ["x", "!!!", "W10", "WyJhIiwiYiJd", "bnVsbA", "WzEsMl0", "é", "W1siYSJdLCJiIl0"])
async def test_a_foreign_cursor_is_refused(client: Client, job: dict[str, Any], cursor: str) -> None:
    for path in ("/api/v1/jobs", job["links"]["records"], job["links"]["urls"], "/api/v1/trends"):
        answer = await client.http.get(path, params={"cursor": cursor}, headers=job["headers"])
        assert answer.status_code == 422, path
        assert answer.json()["error"]["details"]["field"] == "cursor"


async def test_a_record_says_its_scores(client: Client, job: dict[str, Any]) -> None:
    scored = replace(record(0), completeness=60.0, quality=65.8400001, language="en", word_count=4, category="home")
    client.world.records.of_run[job["run_id"]] = [scored]
    for params in ({}, {"format": "jsonl"}):
        answer = await client.http.get(job["links"]["records"], params=params, headers=job["headers"])
        told = answer.json() if params else answer.json()["records"][0]
        assert told["scores"] == {"completeness": 60.0, "quality": 65.8, "language": "en", "word_count": 4,
                                  "category": "home", "data_type": ""}  # fmt: skip


async def test_marks_are_read_piece_by_piece_by_whom_the_job_belongs_to(client: Client, job: dict[str, Any]) -> None:
    client.world.records.stored_marks[job["run_id"]] = [
        StoredMark(record_id=str(uuid4()), key=f"k{number}", state=("new", "gone")[number % 2], other="", at=BEGAN,
                   fields='{"price":[12.5,8.9]}' if number == 0 else "")
        for number in range(5)
    ]  # fmt: skip
    seen: list[Any] = []
    params: dict[str, Any] = {"limit": 2}
    while params.get("cursor", "") is not None:
        page = (await client.http.get(job["links"]["marks"], params=params, headers=job["headers"])).json()
        seen += page["marks"]
        params["cursor"] = page["next_cursor"]
    assert [mark["key"] for mark in seen] == ["k0", "k1", "k2", "k3", "k4"]
    assert seen[0]["fields"] == {"price": [12.5, 8.9]} and seen[1]["fields"] == {}
    gone = await client.http.get(job["links"]["marks"], params={"state": "gone"}, headers=job["headers"])
    assert [mark["key"] for mark in gone.json()["marks"]] == ["k1", "k3"]
    foreign = await client.http.get(job["links"]["marks"], headers=await client.headers("otto"))
    assert foreign.status_code == 404
    for wrong in ({"cursor": "WyJ4Il0"}, {"state": "kept"}):
        answer = await client.http.get(job["links"]["marks"], params=wrong, headers=job["headers"])
        assert answer.status_code == 422
