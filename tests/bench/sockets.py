"""Many WebSockets: what one costs at rest, and how late a frame is when a thousand listen."""

import asyncio
import json
import re
import resource
import subprocess
import sys
import time

import psutil
from websockets.asyncio.client import ClientConnection, connect

from tests.bench.table import Table

IDLE, LISTENING, SECONDS = 5000, 1000, 10.0
_AT_ONCE = 50
_PER_ADDRESS = 100
"""Fewer than the gateway lets one address have, with two crowds from each."""
_SENTENCE = re.compile(r'"sentence":"([0-9.]+)"').search


async def measure(table: Table, idle: int = IDLE, listening: int = LISTENING) -> None:
    """Prints both servers' figures; idle sockets listen to a dataset of which nothing comes."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for which in ("bare", "trawl"):
        command = [sys.executable, "-m", "tests.bench.socket_server", which]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:  # noqa: ASYNC220
            assert server.stdout and server.stdin
            try:
                port, _, authorization = server.stdout.readline().strip().partition(" ")
                await _one(table, which, psutil.Process(server.pid), int(port), authorization, idle, listening)
            finally:
                server.stdin.close()
                server.terminate()


async def _one(
    table: Table, which: str, server: psutil.Process, port: int, authorization: str, idle: int, listening: int
) -> None:
    before = server.memory_info().rss
    quiet = []
    if which == "trawl":  # the bare one sends everything to everybody
        quiet = await _open(port, authorization, "channel=trends&dataset=nothing", idle)
        share = (server.memory_info().rss - before) / idle / 1024
        table.row(f"{which}: memory an idle socket, of {idle}", f"{share:.1f} KiB")
    sockets = await _open(port, authorization, "channel=trends", listening)
    spent, began = sum(server.cpu_times()[:2]), time.monotonic()
    late = [delay for found in await asyncio.gather(*map(_listen, sockets)) for delay in found]
    passed = time.monotonic() - began
    cpu = (sum(server.cpu_times()[:2]) - spent) / passed
    late.sort()
    table.row(f"{which}: frames a second to {listening} sockets", f"{len(late) / passed:.0f}")
    table.row(f"{which}: p95 from publish to receipt", f"{late[int(len(late) * 0.95)] * 1000:.0f} ms", "1000 ms")
    table.row(f"{which}: processor", f"{cpu * 100:.0f} % of a core")
    await asyncio.gather(*(socket.close() for socket in (*sockets, *quiet)))


async def _open(port: int, authorization: str, query: str, count: int) -> list[ClientConnection]:
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> ClientConnection:
        source = (f"127.0.0.{1 + number // _PER_ADDRESS}", 0)
        async with room:
            return await connect(
                f"ws://127.0.0.1:{port}/api/v1/stream?{query}",
                additional_headers={"Authorization": authorization}, local_addr=source, open_timeout=60,
                compression=None, ping_interval=None, proxy=None,
            )  # fmt: skip

    return list(await asyncio.gather(*map(one, range(count))))


async def _listen(socket: ClientConnection) -> list[float]:
    late = []
    end = asyncio.get_running_loop().time() + SECONDS
    while (left := end - asyncio.get_running_loop().time()) > 0:
        try:
            async with asyncio.timeout(left):
                text = await socket.recv(decode=True)
        except TimeoutError:
            break
        said = _SENTENCE(text) or _SENTENCE(json.dumps(json.loads(text), separators=(",", ":")))
        assert said
        late.append(time.time() - float(said[1]))
    return late
