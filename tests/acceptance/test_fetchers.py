"""Fetchers are killed, join and leave in mid-crawl: the accounts add up at every moment, and no host notices.

The site's own log says who visited when: each fetcher has a name in its user agent, each port is a host.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import NamedTuple

import psycopg
import pytest

from tests.acceptance.system import ROOT, System, until

HOSTS, PAGES, WORK_S = 8, 60, 0.02
SLOW_S, DELAY_S = 2.0, 0.4
"""Between two pages of a host: while fetchers come and go, and afterwards. Pages × the first is two minutes, which
outlasts the start of three fetchers on a busy machine."""

GONE, DENIED = ("4", "14", "24", "34", "44"), "7"
"""Pages of each host that are not there, and one that its robots.txt forbids."""

ROBOTS = f"User-agent: *\nDisallow: /{DENIED}$\n".encode()
KILL_EVERY_S = 3.0
KILLS = 3
"""Of fetchers, whose visits of that moment are made again: one of each host."""

SAMPLE = """
select r.requested, r.queued, r.issued, r.fetched, r.failed, r.filtered, count(*),
    count(*) filter (where f.state = 'queued'), count(*) filter (where f.state = 'issued'),
    count(*) filter (where f.klass = 'fetched'), count(*) filter (where f.klass = 'failed'),
    count(*) filter (where f.klass = 'filtered')
from runs r join frontier f on f.run_id = r.id where r.job_id = %s group by r.id"""


class Visit(NamedTuple):
    """One request, from its arrival to the moment before its answer; times by this machine's clock."""

    began: float
    ended: float
    who: str
    path: str


class Quiet(ThreadingHTTPServer):
    """Says nothing about a fetcher that was killed before it had its answer."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        return None


class Port:
    """One host, which works a while for each page and remembers who came."""

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        port = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                began = time.monotonic()
                time.sleep(WORK_S)  # what a page costs its host
                robots, gone = self.path == "/robots.txt", self.path[1:] in GONE
                body = ROBOTS if robots else f"<title>{self.path}</title><p>A page.".encode()
                port.visits.append(Visit(began, time.monotonic(), str(self.headers["User-Agent"]), self.path))
                self.send_response(404 if gone else 200)
                self.send_header("Content-Type", "text/plain" if robots else "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                return None

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self.urls = [f"http://127.0.0.1:{self._server.server_port}/{number}" for number in range(PAGES)]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Fetchers:
    """Fetchers beside the system's own, each with a name."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def join(self, name: str) -> None:
        """One more; it takes its share as soon as it is up."""
        engines = {
            f"TRAWL_{engine.upper()}": self._system.endpoint(engine) for engine in ("kafka", "postgres", "clickhouse")
        }
        environ = {key: value for key, value in os.environ.items() if not key.startswith("TRAWL_")} | engines
        environ |= {"TRAWL_DATA": str(self._system.folder), "TRAWL_FETCH_ALLOW": "127.0.0.1", "TRAWL_USER_AGENT": name}
        log = (self._system.log.parent / f"{name}.log").open("ab")
        argv = [sys.executable, "-m", "cli", "fetch"]
        self._running[name] = subprocess.Popen(argv, cwd=ROOT, env=environ, stdout=log, stderr=log)

    def end(self, name: str, how: signal.Signals) -> None:
        """SIGKILL, or SIGTERM and a good end."""
        process = self._running.pop(name)
        process.send_signal(how)
        assert process.wait(120) == (-signal.SIGKILL if how == signal.SIGKILL else 0)

    def close(self) -> None:
        for process in self._running.values():
            process.kill()
            process.wait(60)


class Auditor(threading.Thread):
    """Reads a run's accounts and its rows in one statement, again and again."""

    def __init__(self, address: str, job_id: str) -> None:
        super().__init__(daemon=True)
        self._address, self._job_id = address, job_id
        self._over = threading.Event()
        self.samples: list[tuple[int, ...]] = []

    def run(self) -> None:
        with psycopg.connect(self._address, autocommit=True) as connection:
            while not self._over.wait(0.05):
                self.samples += [tuple(row) for row in connection.execute(SAMPLE, (self._job_id,)).fetchall()]

    def ends(self) -> list[tuple[int, ...]]:
        self._over.set()
        self.join(60)
        return self.samples


@contextmanager
def site() -> Iterator[list[Port]]:
    with ExitStack() as stack:
        ports = [Port() for _ in range(HOSTS)]
        for port in ports:
            stack.callback(port.close)
        yield ports


def trouble(system: System, fetchers: Fetchers, visited: Callable[[], set[str]]) -> None:
    """Fetchers are killed every few seconds; two join, one leaves in good order."""

    def takes_part(*names: str) -> None:
        until(f"{' or '.join(names)} takes its share", lambda: bool(visited() & set(names)))

    takes_part("first")
    fetchers.end("first", signal.SIGKILL)
    fetchers.join("second")
    fetchers.join("third")
    time.sleep(KILL_EVERY_S)  # the rhythm of the kills, not a condition
    system.kill("fetch")
    takes_part("second", "third")
    fetchers.end("second", signal.SIGKILL)
    time.sleep(KILL_EVERY_S)
    fetchers.end("third", signal.SIGTERM)


def all_done(counts: dict[str, int], urls: int) -> dict[str, int] | None:
    """A run's counts, once none of its URLs waits or is under way."""
    return counts if counts["fetched"] + counts["failed"] + counts["filtered"] == urls else None


@pytest.mark.slow
def test_fetchers_come_and_go(open_system: System) -> None:
    with site() as ports, ExitStack() as stack:
        fetchers = Fetchers(open_system)
        stack.callback(fetchers.close)
        fetchers.join("first")
        urls = [url for page in zip(*(port.urls for port in ports), strict=True) for url in page]
        job = {"urls": urls, "name": "fetchers", "options": {"delay": SLOW_S, "max_pages": len(urls)}}
        job_id = open_system.scrape(job)
        auditor = Auditor(open_system.endpoint("postgres"), job_id)
        auditor.start()
        trouble(open_system, fetchers, lambda: {visit.who for port in ports for visit in port.visits})
        hurried = time.monotonic()
        answer = open_system.client().patch(f"/api/v1/jobs/{job_id}/run", json={"delay": DELAY_S})
        assert answer.status_code == 200, answer.text
        counts = until("every page has its fate", lambda: all_done(open_system.job(job_id)["counts"], len(urls)), 240)
        samples = auditor.ends()

    failed, filtered = len(GONE) * HOSTS, HOSTS
    assert (counts["failed"], counts["filtered"]) == (failed, filtered)
    assert counts["fetched"] == len(urls) - failed - filtered

    assert len(samples) > 100
    for requested, queued, issued, fetched, failed, filtered, rows, *counted in samples:
        assert requested == queued + issued + fetched + failed + filtered == rows
        assert [queued, issued, fetched, failed, filtered] == counted
    for port in ports:
        pages = [visit for visit in port.visits if visit.path != "/robots.txt"]
        assert f"/{DENIED}" not in {visit.path for visit in pages}
        again = Counter(visit.path for visit in pages) - Counter({visit.path for visit in pages})
        assert again.total() <= KILLS, f"more than what was under way when a fetcher was killed: {again}"
        for before, after in pairwise(sorted(port.visits)):
            assert after.began >= before.ended, f"two at once: {before}, {after}"
        for before, after in pairwise(sorted(pages)):
            delay = SLOW_S if after.began < hurried else DELAY_S
            assert after.began - before.ended >= delay * 0.99, f"too soon: {before}, {after}"
    assert len({visit.who for port in ports for visit in port.visits}) >= 3, "who joins takes its share"
