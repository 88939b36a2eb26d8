import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest

from infra import notify
from infra.local.notify_socket import NotifySocket

ROOT = Path(__file__).parents[3]


def test_without_a_supervisor_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify.ready("at work")
    monkeypatch.setenv("NOTIFY_SOCKET", "@nobody-listens-here")
    notify.status("still at work")


async def test_what_a_process_says_reaches_its_listener_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    others: list[tuple[str, str]] = []
    with NotifySocket() as hub:
        hub.listen(os.getpid(), lambda *line: heard.put_nowait(line))
        hub.listen(os.getpid() + 1_000_000, lambda *line: others.append(line))
        monkeypatch.setenv("NOTIFY_SOCKET", hub.address)
        stranger = [sys.executable, "-c", "from infra import notify; notify.ready('I am you')"]
        process = await asyncio.create_subprocess_exec(*stranger, env={**os.environ, "PYTHONPATH": str(ROOT)})
        assert await process.wait() == 0
        notify.ready("two\nlines")
        notify.stopping()
        async with asyncio.timeout(60):
            assert [await heard.get() for _ in range(3)] == [("READY", "1"), ("STATUS", "two lines"), ("STOPPING", "1")]
    assert heard.empty()
    assert others == []


async def test_a_program_that_is_quicker_than_its_supervisor_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    own: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    heard: list[tuple[str, str]] = []
    with NotifySocket() as hub:
        hub.listen(os.getpid(), lambda *line: own.put_nowait(line))
        monkeypatch.setenv("NOTIFY_SOCKET", hub.address)
        quick = [sys.executable, "-c", "from infra import notify; notify.ready()"]
        process = await asyncio.create_subprocess_exec(*quick, env={**os.environ, "PYTHONPATH": str(ROOT)})
        assert await process.wait() == 0
        notify.stopping()
        async with asyncio.timeout(60):
            assert await own.get() == ("STOPPING", "1"), "what came before it has been read"
        hub.listen(process.pid, lambda *line: heard.append(line))
        assert heard == [("READY", "1")]
        hub.listen(process.pid, lambda *line: heard.append(line))
        assert heard == [("READY", "1")], "and once"


def test_a_socket_file_works_too(monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/tmp/trawl-notify-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        try:
            monkeypatch.setenv("NOTIFY_SOCKET", path)
            notify.ready()
            server.settimeout(5)
            assert server.recv(100) == b"READY=1"
        finally:
            os.unlink(path)
