"""What is told of a WebSocket that was open, or was refused."""

from functools import partial

import pytest
from websockets.exceptions import InvalidStatus

from schemas.events import RequestLog
from tests.unit.api.conftest import Client, World, listening
from tests.unit.api.eventually import eventually
from tests.unit.api.patient import connect
from tests.unit.api.test_streams import all_of


def told(client: Client, path: str) -> list[RequestLog]:
    """The entries of a path, from the first on."""
    return [one for one in client.world.telemetry.events if isinstance(one, RequestLog) and one.path == path]


async def test_a_socket_is_logged_once_when_it_is_over(world: World) -> None:
    async with listening(world) as (address, client):
        headers = await client.headers("root") | {"X-Request-ID": "abc-125", "User-Agent": "Tests/1"}
        async with connect(f"ws://{address}/api/v1/stream", additional_headers=headers, user_agent_header=None) as one:
            assert one.response is not None and one.response.headers["x-request-id"] == "abc-125"
            assert one.response.headers["x-ratelimit-limit"]
            await eventually(lambda: client.gateway.hub._listeners)
            assert not told(client, "/api/v1/stream")
        await eventually(lambda: told(client, "/api/v1/stream"))
        (entry,) = told(client, "/api/v1/stream")
        assert (entry.method, entry.route, entry.status) == ("GET", "/api/v1/stream", 101)
        assert (entry.user, entry.request_id, entry.user_agent) == (world.ids["root"], "abc-125", "Tests/1")
        assert entry.address == "127.0.0.1" and entry.elapsed_ms > 0
        text = client.gateway.metrics.text().decode()
        assert 'trawl_http_requests_total{method="GET",route="/api/v1/stream",status="101"} 1.0' in text
        assert 'trawl_http_request_seconds_count{route="/api/v1/stream"}' not in text


async def test_whoever_shows_who_they_are_in_a_frame_is_named_and_nobody_else_is(world: World) -> None:
    async with listening(world) as (address, client):
        token = (await client.headers("anna"))["Authorization"].split()[1]
        async with connect(f"ws://{address}/ws") as known:
            await known.send(f'{{"type": "auth", "token": "{token}"}}')
            await known.recv()
        await eventually(lambda: len(told(client, "/ws")) == 1)
        async with connect(f"ws://{address}/ws") as unknown:
            await unknown.send('{"type": "auth", "token": "x"}')
            assert (await all_of(unknown))[1] == 1008
        await eventually(lambda: len(told(client, "/ws")) == 2)
        assert [(one.status, one.user) for one in told(client, "/ws")] == [(101, world.ids["anna"]), (101, "")]
        assert token not in str(world.telemetry.events)


async def test_a_refused_socket_is_logged_with_its_refusal(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async with listening(world, max_sockets=0) as (address, client):
        root = await client.headers("root")
        for path, status in (("/api/v1/stream", 503), ("/ws", 503), ("/nowhere", 404)):
            with pytest.raises(InvalidStatus) as caught:
                await connect(f"ws://{address}{path}", additional_headers=root)
            assert caught.value.response.status_code == status
            await eventually(partial(told, client, path))
            assert [one.status for one in told(client, path)] == [status]
        assert [one.message for one in caplog.records if one.levelname in ("WARNING", "ERROR")] == []
    async with listening(world) as (address, client):
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"ws://{address}/api/v1/stream", additional_headers={"X-API-Key": "trawl_x"})
        assert caught.value.response.headers["x-request-id"].startswith("req_")
        assert caught.value.response.headers["x-content-type-options"] == "nosniff"
        await eventually(lambda: told(client, "/api/v1/stream")[-1].status == 401)
