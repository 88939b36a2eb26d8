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
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from infra.local.ports import free_port
from tests.acceptance.system import System, fresh_system, until
from tests.bench.spent import rows, spent
from tests.bench.table import Table, machine

PEERS = {
    "scrapy": ("peer_scrapy.py",),
    "scrapy-tuned": ("peer_scrapy.py", "--links", "seen", "--concurrent-items", "4", "--loop", "uvloop"),
    "crawlee-tuned": ("peer_crawlee.py", "--links", "seen"),
}
PROMISED = {"scrapy": 3.0, "scrapy-tuned": 1.2, "crawlee-tuned": 0.8}
"""How many times a peer's pages per second ours should be."""

FIELDS = {
    "title": ".//h1[@class='title']/text() | ./a[@class='name']/text()",
    "price": ".//div[@class='offer']/span[@class='price']/text() | ./span[@class='price']/text()",
    "currency": ".//meta[@itemprop='priceCurrency']/@content",
    "availability": ".//div[@class='offer']/span[@class='availability']/text()",
    "rating": ".//div[@class='rating']/@data-rating",
    "description": ".//div[@id='description']/text()",
    "sku": ".//td[@class='sku']/text() | ./@data-sku",
    "category": ".//ol[@class='breadcrumb']/li[2]/a/text()",
    "link": "./a[@class='name']/@href",
}
ITEMS = "//body[.//article[@class='product']] | //ul[@class='cards']/li[@class='card']"


@dataclass
class Shop:
    """The peers' site as a process."""

    url: str
    pages: int
    truth: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def reset(self) -> None:
        """Forgets its hits."""
        httpx.get(f"{self.url}/__reset", timeout=30)

    def visits(self) -> Counter[str]:
        """Hits by path since the last reset."""
        return Counter(httpx.get(f"{self.url}/__hits", timeout=30).json()["0"])


def main(arguments: list[str]) -> int:
    """0 if every row was right."""
    parser = argparse.ArgumentParser(prog="make race", description=__doc__.partition("\n")[0])
    parser.add_argument("peers", type=Path, help="folder of the peers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--products", type=int, default=3000)
    parser.add_argument("--only", nargs="*", default=[*PEERS], choices=[*PEERS], help="these peers")
    chosen = parser.parse_args(arguments)
    python = environment(chosen.peers)
    with tempfile.TemporaryDirectory(prefix="trawl-race-") as name, shop(python, chosen.peers, chosen.products) as site:
        table = Table(machine())
        with fresh_system(site.url.removeprefix("http://")) as system:
            system.start(timeout=300)
            race(chosen.rounds, chosen.only, python, chosen.peers, site, system, table, Path(name))
    return 0


def race(rounds: int, names: list[str], python: str, peers: Path, site: Shop, system: System, table: Table,
         folder: Path) -> None:  # fmt: skip
    """Each in turn, so many rounds; then the table."""
    rates: dict[str, list[float]] = {name: [] for name in names}
    ours: list[float] = []
    before = spent(system)
    cost: dict[str, float] = dict.fromkeys(before, 0.0)
    for number in range(rounds):
        for name in names:
            site.reset()
            rates[name].append(run_peer(python, peers, name, site, folder))
        site.reset()
        before = spent(system)
        ours.append(run_ours(system, site, number))
        after = spent(system)
        cost = {one: cost.get(one, 0.0) + after[one] - before.get(one, 0.0) for one in after}
    mine = statistics.median(ours)
    table.row("ours, whole line, rows in ClickHouse checked", f"{mine:.0f} pages/s", "", _spread(ours))
    for name in names:
        theirs = statistics.median(rates[name])
        promise = f"≥ {PROMISED[name]:g} times"
        table.row(
            f"  times {name}", f"{mine / theirs:.2f}", promise, f"{name}: {theirs:.0f} pages/s {_spread(rates[name])}"
        )
    rows(table, dict.fromkeys(cost, 0.0), cost, rounds * site.pages, "page", 1e3)


def _spread(values: list[float]) -> str:
    return f"({min(values):.0f} to {max(values):.0f}, {len(values)} rounds)"


def run_peer(python: str, peers: Path, name: str, site: Shop, folder: Path) -> float:
    """Pages a second, from the start of its work to the end, as it reports them."""
    script, *options = PEERS[name]
    out = folder / f"{name}.jsonl"
    done = subprocess.run(
        [python, str(peers / script), f"{site.url}/", "--out", str(out), "--name", name, *options],
        capture_output=True, check=True, timeout=600, cwd=folder,
    )  # fmt: skip
    line = next(line for line in done.stdout.decode().splitlines() if line.startswith("{"))
    return float(json.loads(line)["work_pages_per_s"])


def run_ours(system: System, site: Shop, number: int) -> float:
    """Pages a second from the request until every sum is closed; AssertionError if a row is wrong."""
    began = time.perf_counter()
    job = system.ended(system.scrape(description(site.url, number)), timeout=600)
    seconds = time.perf_counter() - began
    assert job["status"] == "completed", job
    visits = site.visits()
    assert max(count for path, count in visits.items() if path != "/robots.txt") == 1, visits.most_common(3)
    assert not {"/cart", "/account/login"} & visits.keys(), "robots.txt forbids it"
    found = system.query("select url, data from records where job_id = {job:UUID}", job=job["job_id"])
    stored = Counter(_row(site.url, url, orjson.loads(data)) for url, data in found)
    assert stored == site.truth, (list((stored - site.truth).items())[:2], list((site.truth - stored).items())[:2])
    assert job["counts"]["fetched"] == site.pages, (job["counts"], site.pages)
    return int(job["counts"]["fetched"]) / seconds


def description(url: str, number: int) -> dict[str, Any]:
    """The job: the whole shop, all fields, without a pause."""
    return {
        "url": f"{url}/", "name": f"race {number}", "dataset": f"race-{number}",
        "options": {"max_depth": 1000, "max_pages": 10_000, "delay": 0, "concurrency": 64, "adaptive": False},
        "extract": {"items_xpath": ITEMS, "fields": {name: {"xpath": path} for name, path in FIELDS.items()}},
    }  # fmt: skip


def _row(base: str, url: str, data: dict[str, Any]) -> tuple[str, ...]:
    page = url.removeprefix(base)
    kind = "card" if data.get("link") else "product"
    names = ("sku", "title", "price", "link") if kind == "card" else tuple(name for name in FIELDS if name != "link")
    return (kind, page, *(str(data.get(name)).strip() for name in names))


def _truth(line: str) -> tuple[str, ...]:
    row = json.loads(line)
    names = ("sku", "title", "price", "link") if row["kind"] == "card" else [name for name in FIELDS if name != "link"]
    return (row["kind"], row["page"], *(str(row[name]) for name in names))


@contextmanager
def shop(python: str, peers: Path, products: int) -> Iterator[Shop]:
    """Serves the peers' site."""
    port = free_port()
    process = subprocess.Popen(
        [python, str(peers / "site.py"), "--port", str(port), "--products", str(products)], stdout=subprocess.DEVNULL
    )
    try:
        site = Shop(f"http://127.0.0.1:{port}", 0)
        info = until("the shop answers", lambda: _answer(f"{site.url}/__info"), 60)
        kinds = info.json()["pages"]
        site.pages = sum(kinds[kind] for kind in ("home", "category", "listing", "product"))
        site.truth = Counter(map(_truth, httpx.get(f"{site.url}/__truth", timeout=60).text.splitlines()))
        yield site
    finally:
        process.terminate()
        process.wait(15)


def _answer(url: str) -> httpx.Response | None:
    try:
        return httpx.get(url, timeout=5)
    except httpx.HTTPError:
        return None


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
