"""What every answer has, and what happens when something is missing or too much."""

import asyncio
import gzip
import json
from typing import Any

import pytest

from schemas.events import RequestLog
from tests.unit.api.conftest import PASSWORD, Client, World, running


async def test_a_request_keeps_its_id_and_gets_one_without(client: Client) -> None:
    given = await client.http.get("/health", headers={"X-Request-ID": "abc-123"})
    assert given.headers["x-request-id"] == "abc-123"
    for bad in ("a b", "x" * 129, 'q"', "<script>", ""):
        answer = await client.http.get("/health", headers={"X-Request-ID": bad})
        assert answer.headers["x-request-id"].startswith("req_")
    error = await client.http.get("/nowhere", headers={"X-Request-ID": "abc-124"})
    assert error.json()["metadata"]["request_id"] == "abc-124"


async def test_every_answer_is_dressed(client: Client) -> None:
    for path in ("/", "/health", "/nowhere", "/api/v1/jobs", "/docs", "/openapi.json"):
        headers = (await client.http.get(path)).headers
        assert float(headers["x-process-time"]) >= 0
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers and "strict-transport-security" not in headers
    secure = await client.http.get("https://gateway.test/health")
    assert "max-age" in secure.headers["strict-transport-security"]


async def test_errors_of_the_framework_look_like_ours(client: Client) -> None:
    for method, path, status in (("GET", "/nowhere", 404), ("PATCH", "/api/v1/scrape", 405), ("PUT", "/health", 405)):
        answer = await client.http.request(method, path)
        error = answer.json()["error"]
        assert answer.status_code == status and error["message"] and error["details"]["errors"][0]["message"]
    assert "allow" in answer.headers


async def test_a_store_that_is_away_is_a_503_with_a_time_to_come_back(client: Client) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers)
    client.world.records.switch.away = True
    answer = await client.http.get(made["links"]["records"], headers=headers)
    assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0
    assert answer.json()["error"]["code"] == "SERVICE_UNAVAILABLE"
    client.world.jobs.switch.away = client.world.accounts.switch.away = True
    for method, path in (("GET", "/api/v1/jobs"), ("POST", "/api/v1/scrape")):
        answer = await client.http.request(method, path, headers=headers, json={"url": "http://shop.test/"})
        assert answer.status_code == 503
    answer = await client.http.post("/api/v1/auth/login", json={"username": "anna", "password": PASSWORD})
    assert answer.status_code == 503


async def test_a_mistake_of_ours_is_a_500_that_tells_nothing(client: Client, monkeypatch: Any, logged: Any) -> None:
    headers = await client.headers("anna")

    async def broken(*_: Any) -> None:
        raise RuntimeError("the password of the database is hunter2")

    monkeypatch.setattr(client.world.jobs, "page", broken)
    answer = await client.http.get("/api/v1/jobs", headers=headers)
    assert answer.status_code == 500 and "hunter2" not in answer.text
    assert answer.json()["error"]["code"] == "SERVER_ERROR"
    assert answer.headers["x-request-id"] in answer.json()["error"]["message"]
    assert [(entry["event"], entry["request_id"]) for entry in logged] == [
        ("request_failed", answer.headers["x-request-id"])
    ]


async def test_a_body_over_the_limit_is_a_413_announced_or_not(world: World) -> None:
    async with running(world, max_body=10_000) as client:
        headers = await client.headers("anna") | {"Content-Type": "application/json"}
        big = b'{"url": "http://shop.test/", "description": "' + b"x" * 10_000 + b'"}'

        async def drip() -> Any:
            for start in range(0, len(big), 500):
                yield big[start : start + 500]

        for content in (big, drip()):
            answer = await client.http.post("/api/v1/scrape", headers=headers, content=content)
            assert answer.status_code == 413, answer.text
            assert answer.json()["error"]["code"] == "PAYLOAD_TOO_LARGE"
        for length in ("99999999999999999999", "-1", "x"):
            answer = await client.http.post(
                "/api/v1/scrape", headers=headers | {"Content-Length": length}, content=b"{}"
            )
            assert answer.status_code in (413, 422)
        assert not client.world.jobs.runs


async def test_a_full_gateway_answers_for_health_and_nothing_that_only_sounds_so(world: World) -> None:
    async with running(world, max_in_flight=0) as full:
        told = {path for path in full.app.openapi()["paths"] if path.endswith("/health")}
        assert told == {"/health", "/api/v1/health", "/api/v1/system/health"}
        for path in (*told, "/api/v1/health/"):
            assert (await full.http.get(path)).status_code == 200, path
        for path in ("/sign-in/health", "/nowhere/health", "/api/v1/jobs/health", "/health/health", "/"):
            refused = await full.http.get(path)
            assert refused.status_code == 503 and refused.headers["retry-after"], path


async def test_other_sites_are_let_in_only_by_setting(world: World, client: Client) -> None:
    asks = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    assert (await client.http.options("/api/v1/jobs", headers=asks)).status_code == 405
    assert "access-control-allow-origin" not in (await client.http.get("/health", headers=asks)).headers
    async with running(world, cors_origins=("https://app.example",)) as open_one:
        answer = await open_one.http.options("/api/v1/jobs", headers=asks)
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert "access-control-allow-credentials" not in answer.headers
        for method, header in (("PUT", "If-Match"), ("POST", "Idempotency-Key")):
            wanted = {**asks, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": header}
            assert (await open_one.http.options("/api/v1/jobs", headers=wanted)).status_code == 200, header
        shown = await open_one.http.get("/api/v1/jobs", headers={"Origin": "https://app.example"})
        assert shown.status_code == 401 and "access-control-allow-origin" in shown.headers
        assert {"X-RateLimit-Reset", "ETag"} <= set(shown.headers["access-control-expose-headers"].split(", "))
        other = await open_one.http.get("/health", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers


async def test_large_answers_are_compressed(client: Client) -> None:
    async with client.http.stream("GET", "/openapi.json", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip" and json.loads(gzip.decompress(raw))["openapi"]


async def test_each_request_is_logged_without_its_secrets(client: Client) -> None:
    headers = await client.headers("anna")
    await client.http.get("/api/v1/jobs", params={"cursor": "x"}, headers=headers | {"User-Agent": "Tests/1"})
    entry = client.world.telemetry.events[-1]
    assert isinstance(entry, RequestLog)
    assert (entry.method, entry.path, entry.route, entry.status) == ("GET", "/api/v1/jobs", "/api/v1/jobs", 422)
    assert (entry.user, entry.address, entry.user_agent) == (client.world.ids["anna"], "192.0.2.7", "Tests/1")
    assert entry.elapsed_ms > 0 and headers["Authorization"].split()[1] not in str(client.world.telemetry.events)
    assert PASSWORD not in str(client.world.telemetry.events)


async def test_a_one_time_link_is_not_logged(client: Client) -> None:
    client.world.accounts.switch.away = True  # it stays unspent
    assert (await client.http.get("/sign-in/a-secret")).status_code == 503
    entry = client.world.telemetry.events[-1]
    assert isinstance(entry, RequestLog)
    assert entry.path == "/sign-in/{token}" and "a-secret" not in str(client.world.telemetry.events)


async def test_a_log_that_nobody_takes_is_counted(client: Client) -> None:
    client.world.telemetry.full = True
    assert (await client.http.get("/health")).status_code == 200
    assert b"trawl_request_logs_dropped_total 1.0" in client.gateway.metrics.text()


async def test_an_invented_method_makes_no_new_metric(client: Client) -> None:
    for number in range(3):
        await client.http.request(f"MADEUP{number}", "/health")
    text = client.gateway.metrics.text().decode()
    assert "MADEUP" not in text and 'method="OTHER"' in text


async def test_whoever_leaves_early_breaks_nothing(client: Client) -> None:
    headers = await client.headers("anna")
    asking = asyncio.create_task(client.http.get("/api/v1/jobs", headers=headers))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (await client.http.get("/api/v1/jobs", headers=headers)).status_code == 200
