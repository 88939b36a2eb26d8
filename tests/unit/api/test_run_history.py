"""A job's runs, its log, and what becomes of their results, over REST."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson

from api.live import frames
from api.services.log_lines import page_line
from schemas.events import PageOutcome, RunCounts
from schemas.ledger import HostLoad, RunFigures, Sample, Turn, Visited
from tests.unit.api.conftest import Client

NOW = datetime(2026, 1, 5, 10, 30, 0, 123_000, tzinfo=UTC)
COUNTS = RunCounts(requested=15, fetched=14, failed=1, extracted=42, stored=40, rejected=2)


def visited(**fields: Any) -> Visited:
    values: dict[str, Any] = {
        "id": str(uuid4()), "at": NOW, "url": "http://shop.test/", "outcome": "fetched", "klass": "fetched",
        "final": True, "status": 200, "records": 3, "reason": "",
    }  # fmt: skip
    return Visited(**values | fields)


async def over(client: Client, headers: dict[str, str], state: str = "completed", **fields: Any) -> dict[str, Any]:
    made = await client.scrape(headers)
    client.world.jobs.change(made["run_id"], state=state, counts=COUNTS, started_at=NOW,
                             finished_at=NOW + timedelta(seconds=255), **fields)  # fmt: skip
    return made


async def test_a_run_is_told_with_what_its_visits_came_to(client: Client) -> None:
    headers = await client.headers("anna")
    made = await over(client, headers, "failed", reason="no seed was reached")
    run_id, path = made["run_id"], made["links"]["runs"]
    client.world.visits.figures_of[run_id] = RunFigures(
        run_id=run_id, visits=17, mean_ms=456.06, unchanged=3, bytes=2_400_000, retried=2)  # fmt: skip
    found = (await client.http.get(f"{path}/{run_id}", headers=headers)).json()
    assert found["performance_metrics"] == {
        "avg_response_time_ms": 456.1, "total_requests": 17, "cache_hits": 3, "data_size_mb": 2.4}  # fmt: skip
    assert (found["duration_seconds"], found["errors"], found["warnings"]) == (255.0, 1, 4)
    assert (found["records_collected"], found["records_processed"]) == (42, 40)
    assert found["error_details"] == "no seed was reached" and found["version"] == 1
    again = (await client.http.post(made["links"]["retry"], headers=headers)).json()["run_id"]
    page = (await client.http.get(path, headers=headers)).json()
    assert [run["run_id"] for run in page["runs"]] == [again, run_id] and (page["total"], page["limit"]) == (2, 50)
    assert page["runs"][0]["performance_metrics"]["avg_response_time_ms"] is None
    failed = (await client.http.get(path, params={"status": "FAILED", "offset": 0}, headers=headers)).json()
    assert [run["run_id"] for run in failed["runs"]] == [run_id] and failed["total"] == 1
    assert (await client.http.get(path, params={"offset": 1}, headers=headers)).json()["runs"][0]["run_id"] == run_id


async def test_the_log_puts_visits_turns_and_acts_in_order(client: Client) -> None:
    headers = await client.headers("anna")
    made = await over(client, headers)
    later = client.world.jobs.created[made["job_id"]] + timedelta(seconds=1)
    turn = Turn(id=str(uuid4()), at=later, state="failed", reason="why", paused=False, counts={})
    bad = visited(at=later + timedelta(seconds=1), outcome="http_error", klass="failed", status=503, reason="busy")
    good = visited(at=later + timedelta(seconds=2))
    client.world.visits.turns_of[made["run_id"]] = [turn]
    client.world.visits.of_run[made["run_id"]] = [good, bad]
    path = made["links"]["logs"]

    async def lines(**params: Any) -> list[dict[str, Any]]:
        answer = await client.http.get(path, params=params, headers=headers)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["logs"]
        return found

    whole = await lines()
    assert [line["source"] for line in whole] == ["audit", "run", "page", "page"]
    assert whole[0]["message"] == f"Job created by {client.world.ids['anna']}."
    assert whole[1]["message"] == "The run has failed: why" and whole[1]["level"] == "error"
    assert [line["level"] for line in await lines(level="WARNING")] == ["error", "warning"]
    assert [line["level"] for line in await lines(level="error")] == ["error"]
    assert [line["id"] for line in await lines(since=bad.at.isoformat())] == [bad.id, good.id]
    pieces: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": 1}
    while True:
        page = (await client.http.get(path, params=params, headers=headers)).json()
        pieces += page["logs"]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert pieces == whole


def test_a_line_is_the_same_live_and_stored() -> None:
    outcome = PageOutcome(
        id=str(uuid4()), run_id="r", job_id="j", dataset="d", url="http://shop.test/ü", url_fp="f", host="h",
        outcome="http_error", klass="failed", final=False, status=503, records=0, reason="busy",
        fetched_at="2026-01-05T10:30:00.123Z",
    )  # fmt: skip
    live = frames.of_outcome(outcome)
    stored = page_line(outcome.id, NOW, visited(**{name: getattr(outcome, name) for name in (
        "id", "url", "outcome", "klass", "final", "status", "records", "reason")}))  # fmt: skip
    told = orjson.loads(live.text())
    assert told["type"] == "log" and live.id == stored.id
    assert told["data"] == {"job_id": "j", "run_id": "r", "at": outcome.fetched_at, "level": stored.level,
                            "message": stored.message, **stored.details}  # fmt: skip


async def test_progress_is_a_range_or_says_why_not(client: Client) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers)
    path, run_id = made["links"]["progress"], made["run_id"]
    waiting = (await client.http.get(path, headers=headers)).json()["remaining_seconds"]
    assert waiting["low"] is None and waiting["high"] is None and "waits" in waiting["reason"]
    began = datetime.now(UTC) - timedelta(seconds=10)
    client.world.jobs.change(run_id, state="running", started_at=began,
                             counts=RunCounts(requested=100, queued=60, fetched=40))  # fmt: skip
    client.world.visits.samples_of[run_id] = [Sample(began + timedelta(seconds=n), 100, 4 * n) for n in range(10)]
    client.world.jobs.loads[run_id] = [HostLoad("shop.test", 60, 0.1)]
    found = (await client.http.get(path, headers=headers)).json()
    assert found["progress"]["current_page"] == 40
    assert found["remaining_seconds"]["low"] <= 16 <= found["remaining_seconds"]["high"] <= 25


async def test_an_end_is_acknowledged_once(client: Client) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers)
    path = f"{made['links']['self']}/acknowledge"
    assert (await client.http.post(path, headers=headers)).status_code == 409
    client.world.jobs.change(made["run_id"], state="completed", counts=COUNTS)
    first, second = [(await client.http.post(path, headers=headers)).json() for _ in range(2)]
    assert first["acknowledged_at"] == second["acknowledged_at"] is not None
    assert [act.action for act in client.world.jobs.acts] == ["job_created", "run_acknowledged"]


async def test_records_are_removed_when_it_is_said_twice(client: Client) -> None:
    headers = await client.headers("anna")
    made = await over(client, headers)
    path = f"{made['links']['self']}/cleanup"
    asked = (await client.http.post(path, headers=headers, json={})).json()
    assert (asked["removed"], asked["records"]) == (False, 40) and client.world.visits.removed == []
    wrong = await client.http.post(path, headers=headers, json={"confirm": "yes"})
    assert wrong.status_code == 422 and client.world.visits.removed == []
    client.world.visits.switch.away = True
    sure = {"confirm": asked["confirm"]}
    assert (await client.http.post(path, headers=headers, json=sure)).status_code == 503
    client.world.visits.switch.away = False
    for _ in range(2):
        done = await client.http.post(path, headers=headers, json=sure)
        assert done.status_code == 200 and done.json()["removed"] is True
    assert client.world.visits.removed == [("default", made["run_id"])] or len(client.world.visits.removed) == 1
    assert [act.action for act in client.world.jobs.acts] == ["job_created", "records_removed"]
    assert (await client.http.get(f"{made['links']['runs']}/{made['run_id']}", headers=headers)).json()["cleaned_at"]
