"""The whole system as a user has it: `trawl up` and a site, as processes, spoken to over HTTP."""

import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson
import psutil

from infra.clickhouse.client import connect
from tests.engines import fresh_folder

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
_TLS = ssl.create_default_context()
"""Made once: it takes 30 ms, and these tests ask ten times a second."""


def until(what: str, look: Callable[[], T | None], timeout: float = 120.0, every: float = 0.1) -> T:
    """Looks until there is something to see, and returns it; AssertionError with the last error after `timeout` s.
    That is for what never comes: how long a thing takes is no matter of these tests.

    The one place where these tests poll: what they look at is in other processes, which nobody can be told by.
    """
    deadline, last = time.monotonic() + timeout, ""
    while time.monotonic() < deadline:
        try:
            found = look()
            if found:
                return found
        except (httpx.HTTPError, AssertionError, OSError, orjson.JSONDecodeError, LookupError) as problem:
            last = repr(problem)
        time.sleep(every)  # the pace of looking; the condition decides
    raise AssertionError(f"Not within {timeout:g} s: {what}. {last}")


@dataclass
class Site:
    """The bundled shop."""

    url: str
    process: subprocess.Popen[bytes]

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://").rstrip("/")

    def hits(self) -> list[dict[str, Any]]:
        """Every request that the site has seen so far, oldest first."""
        found: list[dict[str, Any]] = []
        while True:
            since = found[-1]["n"] if found else 0
            page = httpx.get(f"{self.url}/__hits", params={"since": since}, timeout=60, verify=_TLS).json()
            if not page["hits"]:
                return found
            found += page["hits"]


@contextmanager
def shop(folder: Path) -> Iterator[Site]:
    """Serves the shop on a free port."""
    argv = [sys.executable, "-m", "demo", "--port", "0", "--log", str(folder / "hits.jsonl")]
    process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert process.stdout
        told = orjson.loads(process.stdout.readline())
        yield Site(str(told["url"]).rstrip("/"), process)
    finally:
        process.terminate()
        process.wait(60)


class System:
    """One `trawl up` on a folder of its own and free ports."""

    def __init__(self, folder: Path, allow: str, environ: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.log = folder.parent / f"{folder.name}.log"
        self._allow = allow
        self._environ = environ or {}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, timeout: float = 270.0) -> None:
        """Returns when every process is ready; on a new machine what they need is downloaded before."""
        argv = [sys.executable, "-m", "cli", "up", "--data", str(self.folder), "--port", "0",
                "--dashboards-port", "0", "--metrics-port", "0", "--kafka-port", "0"]  # fmt: skip
        environ = {name: value for name, value in os.environ.items() if not name.startswith("TRAWL_")}
        # The tests ask more in a second than an account may in a minute.
        environ["TRAWL_RATE_LIMITS"] = '{"*": {"limit": 1000000, "burst": 1000000, "block": 0}}'
        environ["TRAWL_CONNECTIONS_PER_ADDRESS"] = "10000"
        environ |= {"TRAWL_FETCH_ALLOW": self._allow, **self._environ}
        if "TRAWL_CACHE" in os.environ:
            environ["TRAWL_CACHE"] = os.environ["TRAWL_CACHE"]
        self._process = subprocess.Popen(
            argv, cwd=ROOT, stdout=self.log.open("ab"), stderr=subprocess.STDOUT, env=environ
        )
        until("everything is ready", lambda: self._alive() and self.all_ready(), timeout)

    def _alive(self) -> bool:
        assert self._process
        if self._process.poll() is not None:
            said = self.log.read_text(errors="replace")[-3000:]
            raise RuntimeError(f"trawl up ended with {self._process.returncode}:\n{said}")
        return True

    @property
    def supervisor(self) -> int:
        assert self._process
        return self._process.pid

    def stop(self) -> int:
        """Ctrl-C; returns the exit code."""
        assert self._process
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(120)

    def end(self) -> None:
        """Stops what still runs, whatever came before; kills what will not stop."""
        if self._process is None or self._process.poll() is not None:
            return
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill_supervisor()

    def kill_supervisor(self) -> None:
        """kill -9, and nothing else."""
        assert self._process
        self._process.kill()
        self._process.wait(60)

    def processes(self) -> dict[str, dict[str, Any]]:
        """status.json: name → state, pid, restarts, why."""
        return dict(orjson.loads((self.folder / "run" / "status.json").read_bytes())["processes"])

    def all_ready(self) -> bool:
        states = {entry["state"] for entry in self.processes().values()}
        return len(self.processes()) >= 12 and states == {"ready"} and self.client().get("/health").status_code == 200

    def kill(self, name: str) -> int:
        """SIGKILL to a process or an engine; returns the pid that died."""
        pid = int(self.processes()[name]["pid"])
        victim = psutil.Process(pid)
        victim.kill()
        psutil.wait_procs([victim], timeout=60)
        return pid

    def restarted(self, name: str, pid: int) -> bool:
        """Whether it runs again, as another process."""
        entry = self.processes()[name]
        return bool(entry["state"] == "ready" and entry["pid"] != pid)

    def endpoint(self, name: str) -> str:
        return str(orjson.loads((self.folder / "run" / "endpoints.json").read_bytes())[name])

    def client(self) -> httpx.Client:
        """A signed-in client of the gateway."""
        key = (self.folder / "secrets" / "cli_key").read_text().strip()
        return httpx.Client(
            base_url=self.endpoint("gateway"), headers={"X-API-Key": key}, timeout=60, trust_env=False, verify=_TLS
        )

    def trawl(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command line on this system's folder, as people type it."""
        argv = [sys.executable, "-m", "cli", *words, "--data", str(self.folder)]
        environ = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "COLUMNS": "200"}
        return subprocess.run(argv, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=False)

    def scrape(self, description: dict[str, Any]) -> str:
        """Starts a job; returns its id."""
        answer = self.client().post("/api/v1/scrape", json=description)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    def job(self, job_id: str) -> dict[str, Any]:
        answer = self.client().get(f"/api/v1/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def ended(self, job_id: str, timeout: float = 240.0) -> dict[str, Any]:
        """Waits for the job's end; AssertionError tells where it stands otherwise."""

        def look() -> dict[str, Any] | None:
            job = self.job(job_id)
            if job["status"] in ("completed", "failed", "cancelled"):
                return job
            raise AssertionError(str(job))

        return until(f"job {job_id} ends", look, timeout)

    def query(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of ClickHouse."""
        client = connect(self.endpoint("clickhouse"))
        try:
            return [tuple(row) for row in client.query(sql, parameters=parameters).result_rows]
        finally:
            client.close()


@contextmanager
def fresh_system(allow: str, environ: dict[str, str] | None = None) -> Iterator[System]:
    """A system on an empty folder, not started yet; stopped and removed at the end."""
    with fresh_folder() as folder:
        system = System(folder.path, allow, environ)
        try:
            yield system
        finally:
            system.end()
