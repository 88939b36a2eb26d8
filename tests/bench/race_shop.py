"""The peers' shop, on one host or shared out over many, each at an address of its own."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from infra.local.ports import free_port
from tests.acceptance.system import System, until
from tests.bench.race_courses import SWIFT, Course

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
CARD, PRODUCT = ("sku", "title", "price", "link"), tuple(name for name in FIELDS if name != "link")


class Shop(Course):
    """The peers' site as a process."""

    promised = {"scrapy": 3.0, "scrapy-tuned": 1.2, "crawlee-tuned": 0.8}

    def __init__(self, port: int, hosts: int) -> None:
        self.starts = [f"http://127.0.0.{number}:{port}/" for number in range(1, hosts + 1)]
        self._client = httpx.Client(base_url=self.starts[0], timeout=60, trust_env=False)
        kinds = until("the shop answers", lambda: self._client.get("/__info"), 60).json()["pages"]
        self.pages = sum(kinds[kind] for kind in ("home", "category", "listing", "product"))
        self._truth = Counter(map(_truth, self._client.get("/__truth").text.splitlines()))

    def reset(self) -> None:
        self._client.get("/__reset")

    def job(self, number: int) -> dict[str, Any]:
        return {
            "urls": self.starts, "name": f"race {number}", "dataset": f"race-{number}", "options": SWIFT,
            "extract": {"items_xpath": ITEMS, "fields": {name: {"xpath": path} for name, path in FIELDS.items()}},
        }  # fmt: skip

    def check(self, system: System, job: Mapping[str, Any]) -> None:
        for visits in self._client.get("/__hits").json().values():
            assert max(count for path, count in visits.items() if path != "/robots.txt") == 1, visits
            assert not {"/cart", "/account/login"} & visits.keys(), "robots.txt forbids it"
        found = system.query("select url, data from records where job_id = {job:UUID}", job=job["job_id"])
        stored = Counter(_row(url, orjson.loads(data)) for url, data in found)
        missing, beyond = self._truth - stored, stored - self._truth
        assert not missing and not beyond, (list(beyond.items())[:2], list(missing.items())[:2])
        assert job["counts"]["fetched"] == self.pages, (job["counts"], self.pages)


def _row(url: str, data: dict[str, Any]) -> tuple[str, ...]:
    parts = urlsplit(url)
    host = int(str(parts.hostname).rpartition(".")[2]) - 1
    kind, names = ("card", CARD) if data.get("link") else ("product", PRODUCT)
    return (kind, str(host), parts.path, *(str(data.get(name)).strip() for name in names))


def _truth(line: str) -> tuple[str, ...]:
    row = json.loads(line)
    names = CARD if row["kind"] == "card" else PRODUCT
    return (row["kind"], str(row["host"]), row["page"], *(str(row[name]) for name in names))


@contextmanager
def shop(python: str, peers: Path, products: int, hosts: int) -> Iterator[Shop]:
    """Serves the peers' site."""
    port = free_port()
    argv = [python, str(peers / "site.py"), "--port", str(port), "--products", str(products), "--hosts", str(hosts)]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    try:
        yield Shop(port, hosts)
    finally:
        process.terminate()
        process.wait(15)
