"""From the request for a single page to its row in ClickHouse, as somebody would see it who asks both."""

import statistics
import time

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
