"""A thousand clients at once, reading and writing: what the gateway answers, how fast, and what it does beyond that.

Rate limits and quotas are raised by configuration for it, since they would answer most of these requests with 429;
a bare FastAPI route under the same crowd stands beside each figure. The p95 and the processor time are of what was
answered; who was told to come later is counted apart, and costs what is told of those who were answered.
"""

import secrets
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import psutil

from infra.local.ports import free_port
from tests.acceptance.system import ROOT, Site, System, until
from tests.bench.table import Table

CLIENTS = 1000
SECONDS = 20.0
REST_S = 4.0
"""Between a client's requests: some 250 requests a second in all, which two cores serve beside the crowd itself."""

RAISED = {"TRAWL_CONNECTIONS_PER_ADDRESS": "4000"}
"""All the clients come from one address; the rates are raised for every system that is measured."""

_BARE = """
import sys, uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/")
async def bare() -> dict[str, str]:
    return {"status": "ok"}
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", loop="uvloop", http="httptools")
"""


def measure(system: System, site: Site, table: Table) -> None:
    """A crowd that rests between its requests and one that does not, each before a bare route as well."""
    described = {"url": f"{site.url}/", "name": "crowd", "options": {"max_pages": 60, "delay": 0}}
    job = system.ended(system.scrape(described))
    requests = _requests(str(job["job_id"]))
    authorization = f"Bearer {system.client().headers['X-API-Key']}"
    process = psutil.Process(int(system.processes()["gateway"]["pid"]))
    host = system.endpoint("gateway").removeprefix("http://")
    with _bare() as (bare_host, bare):
        for rest, name in ((REST_S, "1,000 clients"), (0.0, "1,000 clients, without rest")):
            beside = _crowd(bare_host, "", [{"method": "GET", "path": "/"}], rest, bare)
            ours = _crowd(host, authorization, requests, rest, process)
            _rows(table, name, ours, beside, "≤ 500 ms" if rest else "")


def _requests(job_id: str) -> list[dict[str, Any]]:
    job = f"/api/v1/jobs/{job_id}"
    written = {"url": "http://127.0.0.1:9/", "name": f"crowd {secrets.token_hex(4)}"}
    return [
        {"method": "GET", "path": job, "weight": 30},
        {"method": "GET", "path": "/api/v1/jobs?limit=20", "weight": 20},
        {"method": "GET", "path": f"{job}/records?limit=20", "weight": 15},
        {"method": "GET", "path": f"{job}/urls?limit=20", "weight": 15},
        {"method": "GET", "path": "/api/v1/auth/me", "weight": 10},
        {"method": "POST", "path": "/api/v1/jobs", "body": orjson.dumps(written).decode(), "weight": 10},
    ]


@contextmanager
def _bare() -> Iterator[tuple[str, psutil.Process]]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", _BARE, str(port)], cwd=ROOT)
    try:
        watched = psutil.Process(process.pid)
        until("the bare route listens", lambda: [c for c in watched.net_connections() if c.status == "LISTEN"])
        yield f"127.0.0.1:{port}", watched
    finally:
        process.terminate()
        process.wait(10)


def _crowd(
    host: str, authorization: str, requests: list[dict[str, Any]], rest: float, server: psutil.Process
) -> dict[str, Any]:
    orders = {"host": host, "authorization": authorization, "requests": requests, "rest": rest,
              "clients": CLIENTS, "seconds": SECONDS}  # fmt: skip
    spent, held = sum(server.cpu_times()[:2]), server.memory_info().rss
    argv = [sys.executable, "-m", "tests.bench.crowd"]
    told = subprocess.run(argv, cwd=ROOT, input=orjson.dumps(orders), stdout=subprocess.PIPE, check=True).stdout
    seen: dict[str, Any] = orjson.loads(told)
    count = max(len(seen["seconds"]), 1)
    return seen | {
        "rate": count / seen["elapsed"],
        "p95": _p95(seen["seconds"]),
        "turned_away": _p95(seen["refused"]),
        "cpu": 1000 * (sum(server.cpu_times()[:2]) - spent) / count,
        "grown": (server.memory_info().rss - held) / 2**20,
    }


def _p95(seconds: list[float]) -> float:
    """In milliseconds."""
    return 1000 * statistics.quantiles(seconds, n=20)[18] if len(seconds) > 1 else 0.0


def _rows(table: Table, name: str, ours: dict[str, Any], bare: dict[str, Any], promised: str) -> None:
    table.row(f"{name}, p95", f"{ours['p95']:.0f} ms", promised, f"a bare FastAPI route: {bare['p95']:.0f} ms")
    table.row("  answers", f"{ours['rate']:.0f} /s", "", f"bare: {bare['rate']:.0f} /s")
    away = f"{len(ours['refused']) / ours['elapsed']:.0f} /s"
    table.row("  told to come later, p95", f"{ours['turned_away']:.0f} ms", "", away)
    table.row("  processor time an answer", f"{ours['cpu']:.2f} ms", "", f"bare: {bare['cpu']:.2f} ms")
    told = ", ".join(f"{status}: {count}" for status, count in sorted(ours["statuses"].items()))
    table.row("  without Retry-After, or broken", f"{ours['without_retry_after'] + ours['broken']}", "0", told)
    table.row("  memory grown by", f"{ours['grown']:.0f} MiB")
