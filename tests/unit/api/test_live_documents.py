"""The program in docs/live.md, and the command line's own, against a gateway that loses their connections."""

import asyncio
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli import follow, stream
from cli.gateway import Gateway
from schemas.events import RunCounts
from tests.unit.api.conftest import World, listening
from tests.unit.api.eventually import eventually
from tests.unit.api.happenings import batch, completed, publish, records

PAGE = Path(__file__).parents[3] / "docs" / "live.md"


def documented(address: str, key: str, job_id: str) -> list[dict[str, Any]]:
    found = re.search(r"<!-- python: follow -->\n```python\n(.*?)```", PAGE.read_text(), re.S)
    assert found
    room: dict[str, Any] = {}
    exec(found[1], room)
    return list(room["follow"](f"ws://{address}/api/v1/jobs/{job_id}/stream", key))


def ours(address: str, key: str, job_id: str) -> list[dict[str, Any]]:
    return list(stream.frames(f"http://{address}", key, job_id))


def watched(address: str, key: str, job_id: str) -> list[dict[str, Any]]:
    """What `trawl scrape` shows; the frames as it hears them."""
    heard: list[dict[str, Any]] = []

    def frames(*asked: str) -> Iterator[dict[str, Any]]:
        for frame in stream.frames(*asked):
            heard.append(frame)
            yield frame

    with Gateway(f"http://{address}", key, timeout=30) as gateway, pytest.MonkeyPatch.context() as patch:
        patch.setattr(follow, "frames", frames)
        assert follow.to_the_end(gateway, job_id, Console(file=io.StringIO()))["status"] == "completed"
    return heard


@pytest.mark.parametrize("program", [documented, ours, watched])
async def test_a_program_goes_on_by_its_cursor(world: World, program: Any) -> None:
    async with listening(world, progress_every=0.01) as (address, client):
        client.http.timeout = 30.0
        anna = await client.headers("anna")
        key = (await client.http.post("/api/v1/auth/keys", headers=anna, json={"name": "k"})).json()["key"]
        made = await client.scrape(anna, name="shop")
        run_id, job_id = made["run_id"], made["job_id"]
        world.jobs.change(run_id, state="running")
        told = asyncio.ensure_future(asyncio.to_thread(program, address, key, job_id))
        sockets = client.gateway.sockets
        for name in ("a", "b"):
            await eventually(lambda: client.gateway.hub._listeners, 20)
            publish(world.feed, batch(run_id, job_id, records(f"{name}1", f"{name}2")))
            await asyncio.sleep(0)
            for socket in list(sockets._open):  # as a restart would
                socket.slow = True
                socket.ended.set()
            await eventually(lambda: not sockets._open, 20)
        await eventually(lambda: client.gateway.hub._listeners, 20)
        world.jobs.change(run_id, state="completed", counts=RunCounts(requested=1, fetched=1, stored=4))
        publish(world.feed, completed(run_id, job_id, world.feed, 4))
        frames = await asyncio.wait_for(told, 30)
    assert [frame["data"]["key"] for frame in frames if frame["type"] == "record"] == ["a1", "a2", "b1", "b2"]
    assert frames[-1]["type"] == "complete"
