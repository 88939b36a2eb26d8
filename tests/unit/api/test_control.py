"""Control over REST: what it answers, what it refuses and what to do instead, and what is written down."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from schemas.events import RunCounts
from schemas.ledger import HostWait
from tests.unit.api.conftest import Client


async def post(client: Client, made: dict[str, Any], verb: str, headers: dict[str, str]) -> httpx.Response:
    return await client.http.post(f"{made['links']['self']}/{verb}", headers=headers)


async def test_a_job_is_paused_resumed_and_stopped(client: Client) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers)
    client.world.jobs.change(made["run_id"], state="running")
    phases = []
    for verb in ("pause", "pause", "resume", "resume", "pause", "stop", "stop"):
        answer = await post(client, made, verb, headers)
        assert answer.status_code == 200, answer.text
        phases.append((answer.json()["phase"], answer.json()["stopped"]))
    assert phases == [("paused", False)] * 2 + [("running", False)] * 2 + [("paused", False)] + [("stopping", True)] * 2
    actions = [act.action for act in client.world.jobs.acts]
    assert actions == ["job_created", "job_paused", "job_resumed", "job_paused", "job_stopped"], "each change once"
    client.world.jobs.change(made["run_id"], state="completed")
    found = (await client.http.get(made["links"]["self"], headers=headers)).json()
    assert (found["status"], found["phase"], found["stopped"]) == ("completed", "completed", True)


async def test_a_paused_job_says_so_everywhere(client: Client) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers)
    client.world.jobs.change(made["run_id"], state="running")
    await post(client, made, "pause", headers)
    found = (await client.http.get(made["links"]["self"], headers=headers)).json()
    assert (found["status"], found["phase"], found["progress"]["current_operation"]) == ("running", "paused", "Paused")
    listed = (await client.http.get("/api/v1/jobs", headers=headers)).json()
    assert [job["phase"] for job in listed["jobs"]] == ["paused"]


@pytest.mark.parametrize(
    ("fields", "verbs", "advice"),
    [
        ({"state": "completed"}, ("pause", "resume", "stop"), "Start the job again"),
        ({"state": "finishing"}, ("pause", "resume", "stop"), "wait for the end"),
        ({"state": "running", "cancelled_at": datetime.now(UTC)}, ("pause", "resume", "stop"), "start the job again"),
        ({"state": "running", "stopped_at": datetime.now(UTC)}, ("pause",), "cancel it"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_what_can(
    client: Client, fields: dict[str, Any], verbs: tuple[str, ...], advice: str
) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers)
    client.world.jobs.change(made["run_id"], **fields)
    for verb in verbs:
        answer = await post(client, made, verb, headers)
        assert answer.status_code == 409, verb
        assert advice in answer.json()["error"]["message"]
    assert [act.action for act in client.world.jobs.acts] == ["job_created"]


async def test_priority_and_delay_change_for_the_run_alone(client: Client) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers, options={"delay": 3})
    path = f"{made['links']['self']}/run"
    answer = await client.http.patch(path, headers=headers, json={"priority": "high"})
    assert (answer.status_code, answer.json()["priority"], answer.json()["delay"]) == (200, "high", 3.0)
    answer = await client.http.patch(path, headers=headers, json={"delay": 0.5})
    assert (answer.json()["priority"], answer.json()["delay"]) == ("high", 0.5)
    assert [act.details.get("delay") for act in client.world.jobs.acts[1:]] == [None, 0.5]
    client.world.jobs.change(made["run_id"], state="completed")
    again = await post(client, made, "retry", headers)
    found = (await client.http.get(again.json()["links"]["self"], headers=headers)).json()
    assert (found["priority"], found["delay"]) == ("normal", 3.0)


@pytest.mark.parametrize(
    "body", [{}, {"delay": -1}, {"delay": 3601}, {"priority": "urgent"}, {"priority": "high", "owner": "me"}]
)
async def test_a_wrong_change_changes_nothing(client: Client, body: dict[str, Any]) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers)
    assert (await client.http.patch(f"{made['links']['self']}/run", headers=headers, json=body)).status_code == 422
    assert [act.action for act in client.world.jobs.acts] == ["job_created"]


async def test_an_older_run_is_shown_on_request(client: Client) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers)
    path = made["links"]["self"]
    client.world.jobs.change(made["run_id"], state="completed", counts=RunCounts(requested=7, fetched=7))
    newer = (await post(client, made, "start", headers)).json()
    for run_id, fetched in ((made["run_id"], 7), (newer["run_id"], 0)):
        found = (await client.http.get(path, params={"run_id": run_id}, headers=headers)).json()
        assert (found["run_id"], found["counts"]["fetched"]) == (run_id, fetched)
    other = await client.scrape(headers)
    missing = await client.http.get(path, params={"run_id": other["run_id"]}, headers=headers)
    assert missing.status_code == 404


async def test_hosts_that_have_had_their_visits_are_told(client: Client) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers, options={"daily_pages": 5})
    path = made["links"]["self"]
    assert (await client.http.get(path, headers=headers)).json()["waits"] == []
    client.world.jobs.waits[made["run_id"], "shop.test"] = HostWait(
        host="shop.test", queued=3, issued=0, ready_at=datetime.now(UTC), next_visit=None, delay=0, visits_today=5
    )
    assert (await client.http.get(path, headers=headers)).json()["waits"] == [
        "1 host has had its 5 visits of today; they go on at 00:00 UTC."
    ]
