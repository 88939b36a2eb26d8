"""The process: `python -m demo` announces its port, serves, logs to its file and ends well when told to."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import demo

_DEADLINE = 120
_ROOT = Path(demo.__file__).parents[1]


@contextmanager
def _shop(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    command = [sys.executable, "-m", "demo", *arguments]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def test_it_serves_logs_and_stops(tmp_path: Path) -> None:
    log = tmp_path / "hits.jsonl"
    with _shop("--port", "0", "--seed", "3", "--log", str(log)) as (process, ready):
        assert ready == {"port": ready["port"], "url": f"http://127.0.0.1:{ready['port']}/", "seed": 3, "pages": 1128}
        with httpx.Client(base_url=ready["url"], timeout=_DEADLINE) as client:
            page = client.get("/")
            head = client.head("/")
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == page.headers["content-length"] == str(len(page.content))
            assert client.get("/deals").status_code == 200
            # The line is in the file before the answer: read it while the process runs.
            lines = [json.loads(line) for line in log.read_text().splitlines()]
        process.send_signal(signal.SIGTERM)
        assert process.wait(_DEADLINE) == 0
    assert [(line["n"], line["method"], line["path"], line["visit"]) for line in lines] == [
        (1, "GET", "/", None),
        (2, "HEAD", "/", None),
        (3, "GET", "/deals", 1),
    ]


def test_a_drop_breaks_off_in_the_body_and_a_slow_page_comes_late() -> None:
    with _shop("--port", "0") as (_process, ready):
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{ready['url']}faults/drop", timeout=_DEADLINE)
        slow = httpx.get(f"{ready['url']}faults/slow?ms=250", timeout=_DEADLINE)
        assert slow.status_code == 200
        assert slow.elapsed.total_seconds() >= 0.25


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "demo", "--port", str(port)],
            cwd=_ROOT,
            capture_output=True,
            timeout=_DEADLINE,
            check=False,
        )
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_a_log_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    log = tmp_path / "missing" / "hits.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--log", str(log)],
        cwd=_ROOT,
        capture_output=True,
        timeout=_DEADLINE,
        check=False,
    )
    assert done.returncode == 1
    assert str(log) in done.stderr.decode()
    assert b"Traceback" not in done.stderr
