"""Listening and ending."""

import asyncio
import json
import socket
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from api.errors import PortTaken
from api.main import processes_of
from api.server import listen
from infra.local.ports import free_port
from tests.unit.api.conftest import World
from tests.unit.api.patient import Browser, connect
from tests.unit.api.test_streams import until


async def test_it_listens_tells_so_serves_and_drains(world: World) -> None:
    app, port, metrics_port = world.app(), free_port(), free_port()
    stopping, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(listen(app, ("127.0.0.1", port), ("127.0.0.1", metrics_port), stopping, ready.set))
    await asyncio.wait_for(ready.wait(), 60)
    async with Browser(trust_env=False) as http:
        assert (await http.get(f"http://127.0.0.1:{port}/health")).status_code == 200
        assert "trawl_http" in (await http.get(f"http://127.0.0.1:{metrics_port}/metrics")).text
        answer = await http.post(
            f"http://127.0.0.1:{port}/api/v1/auth/login", json={"username": "root", "password": "correct horse battery"}
        )
        token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        made = await http.post(f"http://127.0.0.1:{port}/api/v1/scrape", headers=token, json={"url": "http://x.test/"})
        url = f"ws://127.0.0.1:{port}{made.json()['links']['stream']}"
        async with connect(url, additional_headers=token) as stream:
            await until(stream, "status")
            stopping.set()
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(stream.recv(), 60)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
        await asyncio.wait_for(serving, 60)
        with pytest.raises(httpx.ConnectError):
            await http.get(f"http://127.0.0.1:{port}/health")


@pytest.mark.parametrize("taken", ["gateway", "metrics"])
async def test_a_taken_port_is_named_with_its_setting(world: World, taken: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        own, metrics_port = (port, free_port()) if taken == "gateway" else (free_port(), port)
        with pytest.raises(PortTaken, match=f"{port}.*TRAWL_{'METRICS_' if taken == 'metrics' else ''}PORT"):
            await listen(world.app(), ("127.0.0.1", own), ("127.0.0.1", metrics_port), asyncio.Event(), lambda: None)


def test_processes_are_read_from_what_the_supervisor_wrote(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    assert processes_of(file) == {}
    for broken in ("", "{", "[]", '{"processes": 7}', '{"processes": {"a": {}}}'):
        file.write_text(broken)
        assert processes_of(file) == {}
    fetch = {"pid": 2, "state": "down", "restarts": 5, "why": "x: y", "ending": "x", "status": ""}
    file.write_text(json.dumps({"pid": 1, "processes": {"fetch": fetch}}))
    found = processes_of(file)["fetch"]
    assert (found.state, found.restarts, found.why, found.ending) == ("down", 5, "x: y", "x")
