"""Many WebSockets: what one costs at rest, and how late a frame is when a thousand listen."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import psutil

from tests.bench.table import Table

IDLE, LISTENING, SECONDS = 5000, 1000, 10.0
_CROWDS = 2
"""Processes of listeners: one would wait for itself and not for the server."""


async def measure(table: Table, idle: int = IDLE, listening: int = LISTENING) -> None:
    """Prints both servers' figures; idle sockets listen to a dataset of which nothing comes."""
    for which in ("bare", "trawl"):
        command = [sys.executable, "-m", "tests.bench.socket_server", which]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:  # noqa: ASYNC220
            assert server.stdout and server.stdin
            try:
                port, _, authorization = server.stdout.readline().strip().partition(" ")
                at = {"port": int(port), "authorization": authorization, "seconds": SECONDS}
                await asyncio.to_thread(_one, table, which, psutil.Process(server.pid), at, idle, listening)
            finally:
                server.stdin.close()
                server.terminate()


def _one(table: Table, which: str, server: psutil.Process, at: dict[str, Any], idle: int, listening: int) -> None:
    before = server.memory_info().rss
    quiet = idle if which == "trawl" else 0  # the bare one sends everything to everybody
    with _crowd(at | {"path": "/api/v1/stream?channel=trends&dataset=nothing"}, quiet, 1):
        if quiet:
            share = (server.memory_info().rss - before) / idle / 1024
            table.row(f"{which}: memory an idle socket, of {idle}", f"{share:.1f} KiB")
        with _crowd(at | {"path": "/api/v1/stream?channel=trends"}, listening, 1 + _CROWDS) as crowd:
            spent, held = sum(server.cpu_times()[:2]), server.memory_info().rss
            seen = _told(crowd)
            cpu, grown = sum(server.cpu_times()[:2]) - spent, (server.memory_info().rss - held) / 2**20
    texts, seconds = sum(each["texts"] for each in seen), max(each["seconds"] for each in seen)
    late = sorted(delay for each in seen for delay in each["late"])
    lost = sum(each["lost"] for each in seen)
    table.row(f"{which}: frames a second to {listening} sockets", f"{texts / seconds:.0f}", "10000" if quiet else "")
    table.row(f"{which}: p95 from publish to receipt", f"{late[int(len(late) * 0.95)] * 1000:.0f} ms", "1000 ms")
    table.row(f"{which}: processor time a frame", f"{1e6 * cpu / max(texts, 1):.1f} µs", "",
              f"{100 * cpu / seconds:.0f} % of a core, memory grown by {grown:.0f} MiB, {lost} lost")  # fmt: skip


@contextmanager
def _crowd(orders: dict[str, Any], count: int, net: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many open sockets, in processes of their own and from addresses of their own."""
    crowd = []
    try:
        for number in range(_CROWDS if count else 0):
            argv = [sys.executable, "-m", "tests.bench.listeners"]
            one = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            crowd.append(one)
            _say(one, orjson.dumps(orders | {"count": count // _CROWDS, "net": net + number}))
        for one in crowd:
            assert one.stdout and one.stdout.readline() == b"open\n"
        yield crowd
    finally:
        for one in crowd:
            one.communicate()


def _told(crowd: list[subprocess.Popen[bytes]]) -> list[dict[str, Any]]:
    for one in crowd:
        _say(one, b"go")
    return [orjson.loads(one.stdout.readline()) for one in crowd if one.stdout]


def _say(one: subprocess.Popen[bytes], line: bytes) -> None:
    assert one.stdin
    one.stdin.write(line + b"\n")
    one.stdin.flush()
