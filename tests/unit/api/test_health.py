"""The one health check, and the metrics."""

import asyncio
from typing import Any

import pytest

from api.metrics import Metrics
from api.ports import Behind, ProcessHealth
from api.server import metrics_page
from schemas import codec
from schemas.events import MetricSample
from schemas.topics import SYSTEM_METRICS
from tests.unit.api.conftest import Client, World, fine, running
from tests.unit.api.eventually import eventually


async def away() -> None:
    raise ConnectionError("10.0.0.7: password authentication failed for user postgres")


async def never() -> None:
    await asyncio.Event().wait()


async def test_all_is_well_at_three_addresses(client: Client) -> None:
    client.world.processes["fetch"] = ProcessHealth(state="ready")
    for path in ("/health", "/api/v1/health", "/api/v1/health/", "/api/v1/system/health"):
        answer = await client.http.get(path)
        assert answer.status_code == 200 and answer.json()["status"] == "healthy"
        assert set(answer.json()["dependencies"]) == {"postgres", "kafka", "clickhouse"}


async def test_a_dependency_that_is_down_is_a_503_that_gives_no_address_away(client: Client) -> None:
    client.world.dependencies["postgres"] = away
    answer = await client.http.get("/health")
    found = answer.json()
    assert answer.status_code == 503 and found["status"] == "unhealthy" and "retry-after" in answer.headers
    assert found["dependencies"]["postgres"]["status"] == "down"
    assert found["dependencies"]["kafka"]["status"] == "up"
    assert "10.0.0.7" not in answer.text and "authentication failed" not in answer.text


async def test_a_dependency_that_never_answers_does_not_hold_up_the_check(client: Client) -> None:
    client.world.dependencies["kafka"] = never
    async with asyncio.timeout(60):
        answer = await client.http.get("/health")
    assert answer.status_code == 503 and "2 s" in answer.json()["dependencies"]["kafka"]["why"]


async def test_a_process_that_is_down_says_why_and_the_gateway_serves_on(client: Client) -> None:
    client.world.processes |= {
        "fetch": ProcessHealth(state="down", restarts=5, why="exit code 1: no such table", ending="exit code 1"),
        "trends": ProcessHealth(state="starting"),
    }
    answer = await client.http.get("/health")
    assert answer.status_code == 200 and answer.json()["status"] == "degraded"
    assert answer.json()["processes"]["fetch"] == {"state": "down", "restarts": 5, "why": "exit code 1"}


async def test_a_stage_that_is_behind_is_named(client: Client) -> None:
    client.world.behind.append(Behind("trends", "clean-records", 1200, 75.25))
    answer = await client.http.get("/health")
    assert answer.status_code == 200 and answer.json()["status"] == "degraded"
    assert answer.json()["behind"] == [{"stage": "trends", "topic": "clean-records", "messages": 1200, "seconds": 75.2}]


async def test_what_a_process_logged_last_is_for_operators(client: Client) -> None:
    client.world.processes["fetch"] = ProcessHealth(state="down", why="exit code 1: key=hunter2", ending="exit code 1")
    told = {"opal": "exit code 1: key=hunter2", "root": "exit code 1: key=hunter2", "vera": "exit code 1"}
    for username, why in told.items():
        answer = await client.http.get("/health", headers=await client.headers(username))
        assert answer.json()["processes"]["fetch"]["why"] == why, username
    for path in ("/health", "/api/v1/health", "/api/v1/system/health"):
        for headers in ({}, {"X-API-Key": "trawl_forged"}):
            answer = await client.http.get(path, headers=headers)
            assert answer.status_code == 200 and "hunter2" not in answer.text


async def test_the_open_answer_needs_no_store_to_know_who_asks(client: Client) -> None:
    headers = await client.headers("opal")
    client.gateway.callers.forget()
    client.world.accounts.switch.away = True
    assert (await client.http.get("/health", headers=headers)).status_code == 200


async def test_however_many_ask_it_is_checked_once_a_second(client: Client) -> None:
    asked = 0

    async def counted() -> None:
        nonlocal asked
        asked += 1
        await fine()

    client.world.dependencies["postgres"] = counted
    await asyncio.gather(*(client.http.get("/health") for _ in range(50)))
    assert asked == 1


async def test_metrics_of_all_processes_stand_on_one_page(client: Client) -> None:
    values = {'trawl_pages_total{stage="fetch"}': 7.0, "trawl_memory_bytes": 1e6, "not a name!": 1.0}
    sample = MetricSample(id="i", process="fetch", instance='h"o\\st:1', at="2026-01-05T10:30:00Z", values=values)
    client.world.feed.publish(SYSTEM_METRICS, codec.encode(sample))
    await eventually(lambda: b"trawl_pages_total" in client.gateway.metrics.text())
    headers = await client.headers("vera")
    answer = await client.http.get("/api/v1/system/metrics", headers=headers)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'trawl_pages_total{process="fetch",instance="h\\"o\\\\st:1",stage="fetch"} 7.0\n' in answer.text
    assert 'trawl_memory_bytes{process="fetch",instance="h\\"o\\\\st:1"} 1000000.0\n' in answer.text
    assert "not a name" not in answer.text and "trawl_http_requests_total" in answer.text


async def test_the_metrics_port_shows_metrics_and_nothing_else() -> None:
    import httpx

    page: Any = metrics_page(Metrics())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(page), base_url="http://x") as http:
        assert "trawl_http_in_flight" in (await http.get("/metrics")).text
        assert (await http.get("/api/v1/jobs")).status_code == 404


@pytest.mark.parametrize("mail", [False, True])
async def test_that_no_mail_is_sent_is_said_and_is_no_fault(mail: bool) -> None:
    world = World()
    async with running(world, mail=mail) as client:
        told = (await client.http.get("/health")).json()
    assert told["status"] == "healthy"
    assert [note.partition(" (")[0] for note in told["notes"]] == ([] if mail else ["Mail is not configured"])
