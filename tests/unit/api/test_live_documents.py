"""The program in docs/live.md, and the command line's own, against a gateway that loses their connections."""

import asyncio
import io
import json
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
from tests.unit.api.patient import connect

PAGE = Path(__file__).parents[3] / "docs" / "live.md"


def documented(address: str, key: str, job_id: str) -> list[dict[str, Any]]:
    found = re.search(r"<!-- python: follow -->\n```python\n(.*?)```", PAGE.read_text(), re.S)
    assert found
    room: dict[str, Any] = {}
    exec(found[1], room)
    return list(room["follow"](f"ws://{address}/api/v1/jobs/{job_id}/stream", key))


def ours(address: str, key: str, job_id: str) -> list[dict[str, Any]]:
    with Gateway(f"http://{address}", key) as gateway:
        return list(stream.frames(gateway, stream.of_job(job_id)))


def watched(address: str, key: str, job_id: str) -> list[dict[str, Any]]:
    """What `trawl scrape` shows; the frames as it hears them."""
    heard: list[dict[str, Any]] = []

    def frames(gateway: Gateway, path: str) -> Iterator[dict[str, Any]]:
        for frame in stream.frames(gateway, path):
            heard.append(frame)
            yield frame

    with Gateway(f"http://{address}", key, timeout=30) as gateway, pytest.MonkeyPatch.context() as patch:
        patch.setattr(follow, "frames", frames)
        assert follow.to_the_end(gateway, job_id, Console(file=io.StringIO()))["status"] == "completed"
    return heard


def frames_of(name: str) -> list[dict[str, Any]]:
    """The frames that the page shows under a name."""
    found = re.search(rf"<!-- frames: {name} -->\n```json\n(.*?)```", PAGE.read_text(), re.S)
    assert found
    return [json.loads(text) for text in re.split(r"\n(?=\{)", found[1].strip())]


def holds(told: Any, shown: Any) -> bool:
    """Whether all that is shown is told; a page leaves out what would only be long."""
    if isinstance(shown, dict):
        return isinstance(told, dict) and all(name in told and holds(told[name], shown[name]) for name in shown)
    if isinstance(shown, list):
        return len(told) == len(shown) and all(map(holds, told, shown))
    return bool(told == shown)


async def test_commands_and_their_results_are_as_the_page_shows_them(world: World) -> None:
    [asked], [accepted, refused] = frames_of("command"), frames_of("accepted, refused")
    async with listening(world) as (address, client):
        headers = await client.headers("anna")
        made = await client.scrape(headers)
        world.jobs.change(made["run_id"], state="running")

        def here(frame: dict[str, Any]) -> dict[str, Any]:
            """A frame with the ids of a job that there is."""
            text = json.dumps(frame).replace(asked["data"]["job_id"], made["job_id"])
            told: dict[str, Any] = json.loads(text.replace(accepted["data"]["job"]["run_id"], made["run_id"]))
            return told

        async with connect(f"ws://{address}/ws", additional_headers=headers) as socket:
            assert json.loads(await socket.recv())["type"] == "connected"
            for said, due in ((asked["data"], accepted), (refused["data"], refused)):
                command = {name: said[name] for name in ("id", "action", "job_id")}
                await socket.send(json.dumps(here({"type": "command", "data": command})))
                assert holds(json.loads(await socket.recv()), here(due))


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
            await eventually(lambda: client.gateway.hub._listeners, 60)
            publish(world.feed, batch(run_id, job_id, records(f"{name}1", f"{name}2")))
            await asyncio.sleep(0)
            for socket in list(sockets._open):  # as a restart would
                socket.slow = True
                socket.ended.set()
            await eventually(lambda: not sockets._open, 60)
        await eventually(lambda: client.gateway.hub._listeners, 60)
        world.jobs.change(run_id, state="completed", counts=RunCounts(requested=1, fetched=1, stored=4))
        publish(world.feed, completed(run_id, job_id, world.feed, 4))
        frames = await asyncio.wait_for(told, 60)
    assert [frame["data"]["key"] for frame in frames if frame["type"] == "record"] == ["a1", "a2", "b1", "b2"]
    assert frames[-1]["type"] == "complete"
