"""Runs all sections, or those that are named: `python -m tests.bench crawl latency`."""

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.acceptance.system import System, shop
from tests.bench import crawl, latency, records, start
from tests.bench.table import Table, machine

SECTIONS = ("start", "memory", "crawl", "latency", "records")


def main(wanted: list[str]) -> int:
    """0, or 2 for a section that does not exist."""
    if unknown := set(wanted) - set(SECTIONS):
        sys.stderr.write(f"There is no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}.\n")
        return 2
    chosen = wanted or list(SECTIONS)
    table = Table(machine())
    with tempfile.TemporaryDirectory(prefix="trawl-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # as root, PostgreSQL runs as somebody else who must be able to walk through
        with shop(folder) as site:
            system = System(folder / "data", site.host)
            start.measure(system, table, second="start" in chosen)
            try:
                if "memory" in chosen:
                    start.memory(system, table)
                if "crawl" in chosen:
                    crawl.measure(system, site, table)
                if "latency" in chosen:
                    latency.measure(system, site, table)
                if "records" in chosen:
                    asyncio.run(records.measure(system, table))
            finally:
                system.stop()
                system.remove()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
