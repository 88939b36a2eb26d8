"""Jobs over REST."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.events import RunCounts
from schemas.job import JobDescription
from tests.unit.api.conftest import Client

COUNTS = RunCounts(requested=10, queued=5, issued=1, fetched=3, failed=1, extracted=60, stored=40)


def now() -> datetime:
    return datetime.now(UTC)


async def test_a_job_is_accepted_kept_and_asked_for(client: Client) -> None:
    headers = await client.headers("anna")
    answer = await client.http.post(
        "/api/v1/scrape",
        headers=headers,
        json={
            "config": {"url": "https://Example.com/a?b=ü"},
            "name": "A näme \U0001f41f",
            "options": {"priority": "high"},
        },
    )
    found = answer.json()
    assert answer.status_code == 202 and found["status"] == "queued"
    assert answer.headers["location"] == found["links"]["self"] == f"/api/v1/jobs/{found['job_id']}"
    opening = client.world.jobs.openings[found["job_id"]]
    assert (opening.owner, opening.priority, opening.max_pages) == (client.world.ids["anna"], 1, 1000)
    kept = JobDescription.model_validate(opening.description)
    assert kept.urls == ["https://Example.com/a?b=ü"] and kept.name == "A näme \U0001f41f"
    assert [request.run_id for request in client.world.jobs.outbox] == [found["run_id"]]
    act = client.world.jobs.acts[-1]
    assert (act.actor, act.action, act.object, act.address) == (
        client.world.ids["anna"], "job_created", found["job_id"], "192.0.2.7")  # fmt: skip
    assert act.request_id == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("state", "status", "phase"),
    [
        ("queued", "queued", "queued"),
        ("running", "running", "running"),
        ("finishing", "running", "finishing"),
        ("completed", "completed", "completed"),
        ("failed", "failed", "failed"),
        ("cancelled", "cancelled", "cancelled"),
    ],
)
async def test_a_job_is_told_in_five_words_and_a_phase(client: Client, state: str, status: str, phase: str) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers)
    client.world.jobs.change(made["run_id"], state=state, counts=COUNTS, reason="because")
    found = (await client.http.get(made["links"]["self"], headers=headers)).json()
    assert (found["status"], found["phase"], found["reason"]) == (status, phase, "because")
    assert found["counts"]["requested"] == 10 and found["counts"]["stored"] == 40
    for word in ("queued", "running", "completed", "failed", "cancelled"):
        listed = await client.http.get("/api/v1/jobs", params={"status": word.upper()}, headers=headers)
        assert [job["status"] for job in listed.json()["jobs"]] == ([status] if word == status else [])


async def test_progress_and_times(client: Client) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers)
    began = now() - timedelta(seconds=10)
    client.world.jobs.change(made["run_id"], state="running", counts=COUNTS, created_at=began - timedelta(seconds=2),
                             started_at=began)  # fmt: skip
    found = (await client.http.get(made["links"]["self"], headers=headers)).json()
    assert found["progress"] == {"current_page": 4, "total_pages": 10, "percent_complete": 40.0,
                                 "current_operation": "Processing pages"}  # fmt: skip
    assert found["timing"]["queued_seconds"] == pytest.approx(2.0, abs=0.01)
    assert found["timing"]["running_seconds"] == pytest.approx(10, abs=1)
    assert found["timing"]["estimated_seconds_left"] == pytest.approx(15, abs=2)


async def test_every_rule_that_cannot_be_used_is_named(client: Client) -> None:
    headers = await client.headers("anna")
    extract = {"items": "li", "fields": {"good": "p::text", "price": "p >", "name": {"xpath": "//a["}}}
    job = {"url": "http://site.test/", "extract": extract}
    answer = await client.http.post("/api/v1/scrape", headers=headers, json=job)
    assert answer.status_code == 422, answer.text
    fields = [fault["field"] for fault in answer.json()["error"]["details"]["errors"]]
    assert fields == ["extract.fields.price.css", "extract.fields.name.xpath"]
    assert "at character 4" in answer.text
    assert not client.world.jobs.openings


async def test_the_newest_run_stands_for_the_job(client: Client) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers, name="shop")
    path = made["links"]["self"]
    refused = await client.http.post(f"{path}/start", headers=headers)
    assert refused.status_code == 409 and refused.json()["error"]["code"] == "CONFLICT"
    assert (await client.http.post(f"{path}/retry", headers=headers)).status_code == 409
    forced = await client.http.post(f"{path}/start", params={"force": "true"}, headers=headers)
    assert forced.status_code == 202 and forced.json()["run_id"] != made["run_id"]
    assert forced.json()["name"] == "shop"
    for run_id in (made["run_id"], forced.json()["run_id"]):
        client.world.jobs.change(run_id, state="failed")
    again = await client.http.post(f"{path}/retry", headers=headers)
    assert again.status_code == 202 and again.headers["location"] == path
    found = (await client.http.get(path, headers=headers)).json()
    assert found["run_id"] == again.json()["run_id"] and found["status"] == "queued"
    assert [act.action for act in client.world.jobs.acts] == ["job_created", "job_started", "job_retried"]


async def test_cancelling_asks_once_and_says_what_goes_on(client: Client) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers)
    for _ in range(2):
        answer = await client.http.post(f"{made['links']['self']}/cancel", headers=headers)
        assert answer.status_code == 200
        assert answer.json() == {"job_id": made["job_id"], "run_id": made["run_id"], "status": "queued",
                                 "phase": "cancelling", "deleted": False}  # fmt: skip
    assert [act.action for act in client.world.jobs.acts] == ["job_created", "job_cancelled"]
    client.world.jobs.change(made["run_id"], state="completed")
    assert (await client.http.post(f"{made['links']['self']}/cancel", headers=headers)).status_code == 409


async def test_delete_cancels_what_runs_and_hides_what_is_over(client: Client) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers)
    path = made["links"]["self"]
    first = (await client.http.delete(path, headers=headers)).json()
    assert (first["phase"], first["deleted"]) == ("cancelling", False)
    client.world.jobs.change(made["run_id"], state="cancelled")
    second = (await client.http.delete(path, headers=headers)).json()
    assert (second["phase"], second["deleted"], second["status"]) == ("deleted", True, None)
    assert (await client.http.delete(path, headers=headers)).status_code == 404
    assert (await client.http.get(path, headers=headers)).status_code == 404
    assert [act.action for act in client.world.jobs.acts] == ["job_created", "job_cancelled", "job_deleted"]


async def test_a_list_is_read_piece_by_piece(client: Client) -> None:
    headers = await client.headers("anna")
    made = [(await client.scrape(headers, name=f"job {number}"))["job_id"] for number in range(7)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params: dict[str, Any] = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = (await client.http.get("/api/v1/jobs", params=params, headers=headers)).json()
        seen += [job["job_id"] for job in page["jobs"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


async def test_an_id_may_wear_its_prefix(client: Client) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers)
    assert (await client.http.get(f"/api/v1/jobs/job_{made['job_id']}", headers=headers)).status_code == 200
