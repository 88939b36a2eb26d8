"""The same shop crawled by us and by what a user would pick otherwise, in turn, on the same two cores: `make race`.

The peers and their site are a folder of their own (`PEERS=…`): `site.py` and `shopdata.py`, one `peer_NAME.py` each,
and `requirements.txt`, which is installed into an environment beside the package cache. A peer writes a file; of ours
everything counts: all stages, the three engines, the rows in ClickHouse compared with what the site knows.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.acceptance.system import System, fresh_system
from tests.bench.race_courses import Course
from tests.bench.race_docs import docs
from tests.bench.race_shop import shop
from tests.bench.spent import rows, spent
from tests.bench.table import Table, machine

PEERS = {
    "scrapy": ("peer_scrapy.py",),
    "scrapy-tuned": ("peer_scrapy.py", "--links", "seen", "--concurrent-items", "4", "--loop", "uvloop"),
    "crawlee-tuned": ("peer_crawlee.py", "--links", "seen"),
}


def main(arguments: list[str]) -> int:
    """0 if every row was right."""
    parser = argparse.ArgumentParser(prog="make race", description=__doc__.partition("\n")[0])
    parser.add_argument("peers", type=Path, help="folder of the peers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--products", type=int, default=3000, help="of the shop")
    parser.add_argument("--hosts", type=int, default=1, help="over which the shop is shared out")
    parser.add_argument("--docs", type=Path, help="no shop, but this folder of real pages (python3-doc's html)")
    parser.add_argument("--only", nargs="*", default=[*PEERS], choices=[*PEERS], help="these peers")
    chosen = parser.parse_args(arguments)
    python = environment(chosen.peers)
    site = docs(chosen.docs) if chosen.docs else shop(python, chosen.peers, chosen.products, chosen.hosts)
    with tempfile.TemporaryDirectory(prefix="trawl-race-") as name, site as course:
        table = Table(machine())
        with fresh_system(course.allow) as system:
            system.start(timeout=300)
            race(chosen.rounds, {name: (python, chosen.peers, *PEERS[name]) for name in chosen.only}, course, system,
                 table, Path(name))  # fmt: skip
    return 0


def race(rounds: int, peers: dict[str, tuple[str | Path, ...]], course: Course, system: System, table: Table,
         folder: Path) -> None:  # fmt: skip
    """Each in turn, so many rounds; then the table."""
    rates: dict[str, list[float]] = {name: [] for name in peers}
    ours: list[float] = []
    cost: dict[str, float] = {}
    for number in range(rounds):
        for name, (python, home, script, *options) in peers.items():
            course.reset()
            rates[name].append(run_peer([str(python), f"{home}/{script}", *map(str, options)], name, course, folder))
        course.reset()
        before = spent(system)
        ours.append(run_ours(system, course, number))
        after = spent(system)
        cost = {one: cost.get(one, 0.0) + after[one] - before.get(one, 0.0) for one in after}
    mine = statistics.median(ours)
    what = f"ours, {course.pages} pages on {len(course.starts)} hosts, rows checked"
    table.row(what, f"{mine:.0f} pages/s", "", _spread(ours))
    for name in peers:
        theirs = statistics.median(rates[name])
        promise = f"≥ {course.promised[name]:g} times" if name in course.promised else ""
        beside = f"{name}: {theirs:.0f} pages/s {_spread(rates[name])}"
        table.row(f"  times {name}", f"{mine / theirs:.2f}", promise, beside)
    rows(table, dict.fromkeys(cost, 0.0), cost, rounds * course.pages, "page", 1e3)


def _spread(values: list[float]) -> str:
    return f"({min(values):.0f} to {max(values):.0f}, {len(values)} rounds)"


def run_peer(command: list[str], name: str, course: Course, folder: Path) -> float:
    """Pages a second, from the start of its work to the end, as it reports them."""
    python, script, *options = command
    argv = [python, script, *course.starts, "--out", str(folder / f"{name}.jsonl"), "--name", name, *options]
    done = subprocess.run([*argv, *course.options], capture_output=True, check=True, timeout=600, cwd=folder)
    line = next(line for line in done.stdout.decode().splitlines() if line.startswith("{"))
    return float(json.loads(line)["work_pages_per_s"])


def run_ours(system: System, course: Course, number: int) -> float:
    """Pages a second from the request until every sum is closed; AssertionError if a row is wrong."""
    began = time.perf_counter()
    job = system.ended(system.scrape(course.job(number)), timeout=600)
    seconds = time.perf_counter() - began
    assert job["status"] == "completed", job
    course.check(system, job)
    return int(job["counts"]["fetched"]) / seconds


def environment(peers: Path) -> str:
    """An interpreter with what the peers need; made once."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trawl" / "race"
    python = home / "bin" / "python"
    wanted = (peers / "requirements.txt").read_text()
    mark = home / "laid"
    if not mark.exists() or mark.read_text() != wanted:
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "-r", str(peers / "requirements.txt")]
        subprocess.run(install, check=True, timeout=900)
        mark.write_text(wanted)
    return str(python)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
