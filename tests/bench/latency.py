"""From the request for a single page to its row in ClickHouse, as somebody would see it who asks both; and how long it
takes to try rules on the stored page."""

import statistics
import time

import httpx

from infra.clickhouse.client import connect
from tests.acceptance.system import Site, System, until
from tests.bench.table import Table

ASKED = 60


def measure(system: System, site: Site, table: Table) -> None:
    """One page after the other; ClickHouse is asked every 5 ms. Beside it: how long such a question takes alone."""
    paths = [hit["path"] for hit in site.hits() if hit["path"].startswith("/product/")][:ASKED]
    paths = paths or ["/"] * ASKED
    client, gateway = connect(system.endpoint("clickhouse")), system.client()
    taken: list[float] = []
    asking: list[float] = []
    for number, path in enumerate(paths):
        job = {"url": site.url + path, "dataset": "latency", "name": f"page {number}", "options": {"delay": 0}}
        began = time.perf_counter()
        job_id = gateway.post("/api/v1/scrape", json=job).json()["job_id"]

        def stored(job_id: str = job_id) -> bool:
            asked = time.perf_counter()
            found = client.query("select count() from records where job_id = {job:UUID}", parameters={"job": job_id})
            asking.append(time.perf_counter() - asked)
            return bool(found.result_rows[0][0])

        until(f"the row of {path} can be read", stored, every=0.005)
        taken.append(time.perf_counter() - began)
    client.close()
    cuts = statistics.quantiles(taken, n=20)
    beside = f"one question to ClickHouse: {1000 * statistics.median(asking):.0f} ms ({len(taken)} pages)"
    table.row("request to row, a single page, p50", f"{1000 * statistics.median(taken):.0f} ms", "≤ 500 ms", beside)
    table.row("request to row, a single page, p95", f"{1000 * cuts[18]:.0f} ms", "≤ 1000 ms")
    _preview(gateway, job_id, site.url + paths[-1], table)


def _preview(gateway: httpx.Client, job_id: str, url: str, table: Table) -> None:
    """The first one of all apart, since the reader of stored pages connects for it."""
    taken: list[float] = []
    for _ in range(ASKED):
        began = time.perf_counter()
        answer = gateway.post(
            f"/api/v1/jobs/{job_id}/preview", json={"url": url, "extract": {"fields": {"h": "h1::text"}}}
        )
        assert answer.json()["found"], answer.text
        taken.append(time.perf_counter() - began)
    cuts = statistics.quantiles(taken[1:], n=20)
    beside = f"p50 {1000 * statistics.median(taken[1:]):.0f} ms; the first {1000 * taken[0]:.0f} ms ({ASKED} of them)"
    table.row("rules tried on a stored page, p95", f"{1000 * cuts[18]:.0f} ms", "≤ 300 ms", beside)
