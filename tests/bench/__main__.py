"""Runs all sections, or those that are named: `python -m tests.bench crawl latency`.

`python -m tests.bench detector DATA_FOLDER` holds trends' detectors against data sets instead;
`python -m tests.bench forecasts DATA_FOLDER` does so with forecasts.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.acceptance.system import fresh_system, shop
from tests.bench import (
    chaos,
    crawl,
    detector,
    exports,
    fetcher,
    forecasts,
    frontier,
    gateway,
    jobs,
    latency,
    listings,
    queries,
    records,
    rest,
    second,
    sockets,
    start,
)
from tests.bench.table import Table, machine

SECTIONS = (
    "start", "memory", "crawl", "latency", "records", "listings", "second", "fetcher", "frontier", "queries", "exports",
    "gateway", "jobs", "rest", "sockets", "forecasts", "chaos",
)  # fmt: skip
ALONE = {"frontier", "queries", "exports", "rest", "sockets", "forecasts"}
"""Sections that need no whole system."""


def main(wanted: list[str]) -> int:
    """0, 1 if what was stored is not what was published, a second worker does not help or ranges of forecasts do not
    hold, or 2 for a section that does not exist."""
    if wanted[:1] == ["detector"]:
        return detector.run(wanted[1:])
    if wanted[:1] == ["forecasts"] and not set(wanted[1:]) & set(SECTIONS):
        return forecasts.run(wanted[1:])
    if unknown := set(wanted) - set(SECTIONS):
        sys.stderr.write(f"There is no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}.\n")
        return 2
    chosen = wanted or list(SECTIONS)
    table = Table(machine())
    holds: list[bool] = []
    if "frontier" in chosen:
        asyncio.run(frontier.measure(table))
    if "queries" in chosen:
        queries.measure(table)
    if "exports" in chosen:
        asyncio.run(exports.measure(table))
    if "rest" in chosen:
        rest.measure(table)
    if "sockets" in chosen:
        asyncio.run(sockets.measure(table))
    if "forecasts" in chosen:
        holds.append(forecasts.measure(table))
    if set(chosen) <= ALONE:
        return 0 if all(holds) else 1
    with tempfile.TemporaryDirectory(prefix="trawl-bench-") as name:
        folder = Path(name)
        with shop(folder) as site, fresh_system(site.host, gateway.RAISED if "gateway" in chosen else None) as system:
            start.measure(system, table, second="start" in chosen)
            if "memory" in chosen:
                start.memory(system, table)
            if "crawl" in chosen:
                crawl.measure(system, site, table)
            if "latency" in chosen:
                latency.measure(system, site, table)
            if "records" in chosen:
                asyncio.run(records.measure(system, table))
            if "listings" in chosen:
                asyncio.run(listings.measure(system, table))
            if "second" in chosen:
                holds.append(asyncio.run(second.measure(system, table)))
            if "fetcher" in chosen:
                fetcher.measure(table, system.endpoint("kafka"))
            if "gateway" in chosen:
                gateway.measure(system, site, table)
            if "jobs" in chosen:
                jobs.measure(system, site, table)
            if "chaos" in chosen:
                holds.append(asyncio.run(chaos.measure(system, table)))
    return 0 if all(holds) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
