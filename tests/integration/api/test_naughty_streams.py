"""Naughty strings over WebSocket: in addresses and in what a client says. Every answer is a refusal with a sentence or
a frame, every end one that was meant; and in forms of several parts, which the document's own examples do not have.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from api.server import LONGEST_FRAME
from tests.integration.api.conftest import Served, administrator
from tests.integration.api.playing import WHOLE
from tests.unit.api.naughty import STRINGS, UNSTORABLE

PING = json.dumps({"type": "ping"})

ADDRESSES: list[Callable[[str], str]] = [
    lambda text: f"/api/v1/jobs/{text}/stream",
    lambda text: f"/api/v1/jobs/{uuid4()}/stream?run_id={text}",
    lambda text: f"/api/v1/jobs/{uuid4()}/stream?cursor={text}",
    lambda text: f"/api/v1/stream?channel={text}",
    lambda text: f"/api/v1/stream?dataset={text}&cursor=x",
    lambda text: f"/api/v1/stream?cursor={text}",
    lambda text: f"/{text}",
]
SAYINGS: list[Callable[[str], Any]] = [
    lambda text: text,
    lambda text: {"type": text},
    lambda text: {"type": "auth", "data": {"token": text}},
    lambda text: {"type": "auth", "token": text, "data": text},
    lambda text: {"type": "subscribe", "channels": [text]},
    lambda text: {"type": "unsubscribe", "data": {"channel": text}},
    lambda text: {"type": "acknowledge", "id": text},
    lambda text: {"type": "command", "data": text},
    lambda text: _command(id=text),
    lambda text: _command(action=text),
    lambda text: _command(job_id=text),
    lambda text: _command(action="start", force=text),
    lambda text: _command(action="start", priority=text),
    lambda text: _command(**{text: text}),
    lambda text: {text: text},
]


def _command(**fields: Any) -> dict[str, Any]:
    return {"type": "command", "data": {"id": str(uuid4()), "action": "pause", "job_id": str(uuid4()), **fields}}


class Ended(NamedTuple):
    """How a socket ended: refused with a status, or closed with a code; what it had said by then."""

    status: int
    code: int
    said: list[str]


async def spoken(served: Served, path: str, headers: dict[str, str], *said: str | bytes) -> Ended:
    """A socket to its end, or until it answers a ping."""
    frames: list[str] = []
    try:
        address = f"ws://{served.address}{path}"
        async with connect(address, additional_headers=headers, max_size=None, open_timeout=60) as socket:
            try:
                for one in said:
                    await socket.send(one)
                while not frames or json.loads(frames[-1])["type"] != "pong":
                    frames.append(str(await asyncio.wait_for(socket.recv(), 60)))
            except ConnectionClosed as end:
                return Ended(0, end.rcvd.code if end.rcvd else 1006, frames)
            return Ended(0, 1000, frames)
    except InvalidStatus as refused:
        return Ended(refused.response.status_code, 0, [(refused.response.body or b"").decode()])


async def played(work: list[tuple[str, Coroutine[Any, Any, str]]]) -> list[str]:
    """What is wrong, eight at a time."""
    found: list[str] = []

    async def some() -> None:
        while work:
            text, look = work.pop()
            try:
                problem = await look
            except (TimeoutError, OSError, WebSocketException) as end:
                problem = repr(end)
            if problem:
                found.append(f"{text[:60]!a}: {problem}")

    await asyncio.gather(*(some() for _ in range(8)))
    return found


def in_turn(places: int) -> Iterator[tuple[str, int]]:
    """Each string with a place; or with each place, where all are to be put in all."""
    for number, text in enumerate(STRINGS):
        yield from ((text, place) for place in (range(places) if WHOLE else (number % places,)))


async def test_naughty_addresses_of_streams(served: Served) -> None:
    headers = await administrator(served)

    async def look(path: str) -> str:
        ended = await spoken(served, path, headers)
        if ended.status:
            told = '"error"' in ended.said[0] and ended.status in (403, 404, 422)
            return "" if told or (ended.status == 414 and len(path) > 8000) else f"{path[:99]} {ended}"
        good = ended.code == 1008 and json.loads(ended.said[-1])["type"] == "error"
        return "" if good else f"{path[:99]} {ended}"

    work = [
        (text, look(ADDRESSES[place](quote(text.encode("utf-8", "surrogatepass"), safe=""))))
        for text, place in in_turn(len(ADDRESSES))
        if text  # a stream that nothing is said to is listened to
    ]
    assert await played(work) == []


@pytest.mark.parametrize("known", [True, False], ids=["a caller", "a stranger"])
async def test_naughty_sayings(served: Served, known: bool) -> None:
    """Of a caller each is answered, and the next question too; of a stranger each is the last."""
    headers = await administrator(served) if known else {}

    async def look(saying: Any) -> str:
        first = saying if isinstance(saying, str) else json.dumps(saying)
        said = first.encode("utf-8", "surrogatepass") if first in UNSTORABLE else first
        ended = await spoken(served, "/ws", headers, said, PING)
        frames = [json.loads(one) for one in ended.said]
        kinds = [frame["type"] for frame in frames]
        due = kinds[-1:] == ["pong"] and len(kinds) in (3, 4) if known else kinds == ["error"] and ended.code == 1008
        due = due and all(_turned_down(frame["data"]) for frame in frames if frame["type"] == "command_result")
        return "" if due or (ended.code == 1009 and len(first) > LONGEST_FRAME) else str(ended)

    work = [(text, look(SAYINGS[place](text))) for text, place in in_turn(len(SAYINGS))]
    assert await played(work) == []


def _turned_down(result: dict[str, Any]) -> bool:
    """As what it is, and not because something failed: no such job, or no such command."""
    return result["error"]["code"] in ("RESOURCE_NOT_FOUND", "VALIDATION_ERROR")


async def test_naughty_parts_of_a_form(served: Served) -> None:
    async with httpx.AsyncClient(base_url=served.url, trust_env=False, timeout=60) as client:

        async def look(text: str, place: int) -> str:
            raw = text.encode("utf-8", "surrogatepass")
            name, value = (b"username", raw) if place == 0 else (raw.replace(b"\r", b"").replace(b"\n", b""), b"x")
            said = raw.replace(b"\r", b"").replace(b"\n", b"") if place == 2 else b"b"
            parts = (
                b'--b\r\nContent-Disposition: form-data; name="'
                + name
                + b'"\r\n\r\n'
                + value
                + b"\r\n--"
                + said
                + b"--"
            )
            sent = await client.post("/auth/login", content=parts,
                                     headers={"Content-Type": "multipart/form-data; boundary=b"})  # fmt: skip
            good = sent.status_code in (400, 401, 413, 422, 429) and "error" in sent.json()
            return "" if good else f"{sent.status_code} {sent.text[:200]}"

        work = [(text, look(text, place)) for text, place in in_turn(3)]
        assert await played(work) == []
