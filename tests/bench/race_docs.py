"""Real pages: a folder of documentation such as Debian's python3-doc, served from memory by a process of its own."""

import asyncio
import mimetypes
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

from infra.local.ports import free_port
from tests.acceptance.system import ROOT, System, until
from tests.acceptance.walking import walk
from tests.bench.race_courses import SWIFT, Course


class Docs(Course):
    """Title, headings and text of every page, as the peers take them; ours without any rule."""

    options = ("--mode", "docs")
    promised = {"scrapy-tuned": 2.0}

    def __init__(self, folder: Path, port: int) -> None:
        self.starts = [f"http://127.0.0.1:{port}/index.html"]
        until("the documentation is served", lambda: httpx.get(self.starts[0], trust_env=False), 60)
        found = walk(folder, self.starts[0])
        self._titles = {url: "".join(page.title.split()) for url, page in found.pages.items()}
        self._texts = {url: len("".join("".join(page.text).split())) for url, page in found.pages.items()}
        self.pages = len(found.pages)

    def job(self, number: int) -> dict[str, Any]:
        return {"urls": self.starts, "name": f"docs {number}", "dataset": f"docs-{number}", "options": SWIFT}

    def check(self, system: System, job: Mapping[str, Any]) -> None:
        rows = system.query("select url, data from records where job_id = {job:UUID}", job=job["job_id"])
        stored = {url: orjson.loads(data) for url, data in rows}
        assert len(stored) == len(rows)
        read = {url: stored[url] for url in stored.keys() & self._titles.keys()}
        assert {url: "".join(record["title"].split()) for url, record in read.items()} == self._titles
        assert {url: len("".join(record["text"].split())) for url, record in read.items()} == self._texts


@contextmanager
def docs(folder: Path) -> Iterator[Docs]:
    """Serves the folder."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.race_docs", str(folder), str(port)], cwd=ROOT)
    try:
        yield Docs(folder, port)
    finally:
        process.terminate()
        process.wait(15)


class _Connection(asyncio.Protocol):
    """HTTP/1.1 for those who ask one thing after another, and nothing else."""

    def __init__(self, answers: Mapping[bytes, bytes]) -> None:
        self._answers = answers
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *heads, self._head = (self._head + data).split(b"\r\n\r\n")
        for head in heads:
            path = head.split(b" ", 2)[1].partition(b"?")[0]
            self._transport.write(self._answers.get(path, self._answers[b"/404"]))  # type: ignore[attr-defined]


def _answer(body: bytes, kind: str, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _answers(folder: Path) -> dict[bytes, bytes]:
    found = {b"/404": _answer(b"Not here.", "text/html", "404 Not Found")}
    for file in folder.rglob("*"):
        if file.is_file():
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            found[f"/{file.relative_to(folder)}".encode()] = _answer(
                file.read_bytes(), f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
            )
    found[b"/robots.txt"] = _answer(b"User-agent: *\nDisallow:\n", "text/plain")
    return found


async def _serve(folder: Path, port: int) -> None:
    answers, stop, loop = _answers(folder), asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(lambda: _Connection(answers), "127.0.0.1", port, backlog=1024)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
