"""A hundred jobs at once through the gateway, and how honest its estimates of the rest are."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.acceptance.system import Site, System, until
from tests.bench.table import Table

JOBS, AT_ONCE = 100, 20
_OVER = ("completed", "failed", "cancelled")


def measure(system: System, site: Site, table: Table) -> None:
    """Each job is the shop's first page and seven that it links to; then one crawl of the whole shop, asked every half
    second how long it will go on."""
    client = system.client()
    began = time.perf_counter()
    asked, told = hundred(client, site)
    taken = time.perf_counter() - began
    completed = sum(job["status"] == "completed" for job in told)
    right = sum(progress_is_right(job) for job in told)
    table.row(f"{JOBS} jobs asked for, {AT_ONCE} at a time, p95 of the answer", f"{1000 * asked:.0f} ms", "≤ 500 ms")
    table.row(f"{JOBS} jobs at once, all over after", f"{taken:.1f} s", "-", f"{completed} completed, {right} add up")
    points = estimates(client, site)
    said = [(low, high, left) for low, high, left in points if low is not None and high is not None]
    within = sum(low <= left <= high for low, high, left in said)
    wide = sorted(high - low for low, high, _ in said)[len(said) // 2] if said else 0.0
    table.row(
        "estimates of the rest that held the true time", f"{within} of {len(said)}", "-",
        f"{len(points) - len(said)} of {len(points)} said why not; the median range was {wide:.1f} s wide",
    )  # fmt: skip


def hundred(
    client: httpx.Client, site: Site, prefix: str = "many", pages: int = 8
) -> tuple[float, list[dict[str, Any]]]:
    """Starts them side by side and waits for all; the 95th percentile of the answers (s), and each job as it ended."""

    def start(number: int) -> tuple[str, float]:
        job = {"url": f"{site.url}/", "name": f"{prefix} {number}",
               "options": {"max_pages": pages, "max_depth": 1, "delay": 0, "respect_robots": False}}  # fmt: skip
        asked = time.perf_counter()
        answer = client.post("/api/v1/scrape", json=job, headers={"Idempotency-Key": f"{prefix} {number}"})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"]), time.perf_counter() - asked

    with ThreadPoolExecutor(AT_ONCE) as threads:
        started = list(threads.map(start, range(JOBS)))

    def over() -> bool:
        page = client.get("/api/v1/jobs", params={"name": f"{prefix} ", "page": 1, "per_page": JOBS}).json()
        assert page["pagination"]["total"] == JOBS
        return all(job["status"] in _OVER for job in page["jobs"])

    until("all jobs are over", over, 300, every=0.25)
    told = [client.get(f"/api/v1/jobs/{job_id}").json() for job_id, _ in started]
    return sorted(seconds for _, seconds in started)[int(JOBS * 0.95)], told


def progress_is_right(job: dict[str, Any]) -> bool:
    """Whether a finished job says what became of every page, and that it is done."""
    counts, progress = job["counts"], job["progress"]
    done = counts["fetched"] + counts["failed"]
    accounts = counts["requested"] == counts["queued"] + counts["issued"] + done + counts["filtered"]
    records = counts["extracted"] == counts["stored"] + counts["rejected"] + counts["dropped"]
    told = (progress["current_page"], progress["total_pages"], progress["percent_complete"]) == (done, done, 100.0)
    return accounts and records and told and counts["queued"] == counts["issued"] == 0


def estimates(client: httpx.Client, site: Site) -> list[tuple[float | None, float | None, float]]:
    """For each moment of a crawl: the range that was said, and the time that it truly took from then on."""
    job = {"url": f"{site.url}/", "name": "estimated",
           "options": {"max_depth": 10, "max_pages": 2000, "delay": 0.01, "respect_robots": False}}  # fmt: skip
    job_id = client.post("/api/v1/scrape", json=job).json()["job_id"]
    said: list[tuple[float, dict[str, Any]]] = []

    def over() -> bool:
        told = client.get(f"/api/v1/jobs/{job_id}/progress").json()
        if told["phase"] == "running":
            said.append((time.time(), told["remaining_seconds"]))
        return told["phase"] not in ("queued", "running")

    until("the crawl is over", over, 300, every=0.5)
    end = time.time()
    return [(each["low"], each["high"], end - at) for at, each in said]
