"""A made-up past and present for the pages: a shop that is crawled, prices that move, stages that tell their counts.

Everything follows from a seed and from `now`; events go into the feed as messages, as they would from Kafka.
"""

import itertools
import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from dashboards.feed.feed import Feed
from schemas import codec
from schemas.events import (
    CleanBatch,
    CleanRecord,
    Event,
    MetricSample,
    PageOutcome,
    RunCounts,
    RunEvent,
    Trend,
)
from schemas.ids import digest
from schemas.message import Message
from schemas.moments import of_epoch
from schemas.observed import Refused, RequestFigures, RequestPace, RouteFigures, StoredRequest
from schemas.topics import topic_of

SHOP = "11111111-1111-4111-8111-111111111111"
NAMES = ("lantern", "rope", "compass", "anchor", "oar", "sextant", "bell", "net", "buoy", "chart")
STAGES = (("fetch", "pages"), ("extraction", "pages"), ("cleaning", "records"), ("trends", "records"),
          ("warehouse", "records"))  # fmt: skip


class World:
    """Tells a feed what happened; `offset` numbers the messages of each topic."""

    def __init__(self, feed: Feed, now: float) -> None:
        self.feed = feed
        self.now = now
        self.random = random.Random(7)
        self._offsets: dict[str, Iterator[int]] = {}

    def tell(self, event: Event, at: float) -> None:
        """Publishes one event at `at`."""
        topic = topic_of(type(event))
        offset = next(self._offsets.setdefault(topic, itertools.count()))
        message = Message(topic, 0, offset, None, codec.encode(event), (), int(at * 1000))
        self.feed.take(message, max(at, self.now))

    def run(self, run_id: str, dataset: str, state: Any, at: float, counts: RunCounts, reason: str = "") -> None:
        """A run changed or went on."""
        event_id = digest(run_id, state, repr(at), repr(counts))
        self.tell(
            RunEvent(id=event_id, run_id=run_id, job_id=run_id, dataset=dataset, kind="state", state=state,
                     at=of_epoch(at), counts=counts, max_pages=2000, reason=reason),
            at,
        )  # fmt: skip

    def page(self, run_id: str, number: int, at: float, outcome: str = "fetched", klass: str = "fetched",
             records: int = 20, host: str = "shop.example", final: bool = True) -> None:  # fmt: skip
        """A page came back, with its records."""
        fingerprint = digest(run_id, str(number))
        url = f"https://{host}/c/{number % 50}/page/{number}"
        slow = 40 + 25 * math.sin(number / 7) + self.random.random() * 60
        self.tell(
            PageOutcome(id=digest("outcome", fingerprint, outcome), run_id=run_id, job_id=run_id, dataset="shop",
                        url=url, url_fp=fingerprint, host=host, outcome=outcome, klass=klass, final=final,
                        status=200 if klass == "fetched" else 503, records=records, links=30, elapsed_ms=slow,
                        fetched_at=of_epoch(at - 0.2), reason="" if klass == "fetched" else "It did not work."),
            at,
        )  # fmt: skip
        if klass == "fetched" and final:
            rows = [self.record(number * records + index) for index in range(records)]
            self.tell(
                CleanBatch(id=digest("batch", fingerprint), dataset="shop", run_id=run_id, job_id=run_id, url=url,
                           url_fp=fingerprint, fetch_id=fingerprint, fetched_at=of_epoch(at - 0.2),
                           counted_in=records, numeric={"price": "price"}, records=rows),
                at + 0.1,
            )  # fmt: skip

    def record(self, number: int) -> CleanRecord:
        """One product."""
        key = f"sku-{number % 1000:04d}"
        data = {"sku": key, "name": f"Brass {NAMES[number % 10]}", "price": round(12 + number % 90 * 1.35, 2),
                "price_currency": "EUR", "url": f"https://shop.example/p/{key}", "stock": number % 17}  # fmt: skip
        return CleanRecord(id=digest("record", str(number)), key=key, data=data)

    def price(self, key: str, value: float, at: float) -> str:
        """One observation of a watched price; the record's id."""
        record = CleanRecord(id=digest("price", key, repr(at)), key=key, data={"sku": key, "price": value})
        self.tell(
            CleanBatch(id=digest("deal", key, repr(at)), dataset="deals", run_id=digest("deals", repr(at)),
                       job_id="deals", url="https://shop.example/deals", url_fp=digest("deals"),
                       fetch_id=digest(repr(at)), fetched_at=of_epoch(at), counted_in=1, numeric={"price": "price"},
                       records=[record]),
            at,
        )  # fmt: skip
        return record.id

    def trend(self, key: str, kind: Any, values: list[float], before: float, after: float, at: float,
              **more: Any) -> Trend:  # fmt: skip
        """Something was noticed in a watched price."""
        change = after / before - 1
        verb = "fell" if change < 0 else "rose"
        sentence = f"The price of {key} {verb} from {before:.2f} to {after:.2f} ({change * 100:+.0f} %)"
        found = Trend(id=digest("trend", key, repr(at)), dataset="deals", run_id=SHOP, record_key=key, field="price",
                      series=f"deals/{key}/price", kind=kind, direction="down" if change < 0 else "up", score=3.4,
                      confidence=0.97, before=before, after=after, change=change, at=of_epoch(at),
                      record_id=digest("price", key, repr(at)), url="https://shop.example/deals", values=values[-30:],
                      sentence=sentence, **more)  # fmt: skip
        self.tell(found, at)
        return found

    def samples(self, at: float, done: float) -> None:
        """Each stage tells how much it has got through."""
        for depth, (stage, unit) in enumerate(STAGES):
            amount = max(0.0, done - depth * 3) * (1 if unit == "pages" else 20)
            name = f'trawl_{unit}_total{{stage="{stage}"}}'
            self.tell(MetricSample(id=digest(stage, repr(at)), process=stage, instance="1", at=of_epoch(at),
                                   values={name: amount, "process_cpu_seconds_total": 1.0}), at)  # fmt: skip


def five_minutes(world: World) -> None:
    """A crawl that began four minutes ago and goes on, a few that are over, prices with a drop and a shift."""
    now, done = world.now, 0
    for second in range(240, 0, -1):
        at = now - second
        pace = max(0, round(5 + 3 * math.sin(second / 17) + 2 * math.sin(second / 5) + world.random.random()))
        for index in range(pace):
            done += 1
            outcome, klass, records = ("timeout", "failed", 0) if done % 83 == 0 else ("fetched", "fetched", 20)
            world.page(SHOP, done, at + index / max(pace, 1) * 0.8, outcome, klass, records,
                       host=("shop.example", "cdn.shop.example", "img.shop.example")[done % 3])  # fmt: skip
        world.samples(at, done)
    world.page(SHOP, 9001, now - 2, "robots_denied", "filtered", 0)
    world.page(SHOP, 9002, now - 2, "http_error", "failed", 0, final=False)
    failed = done // 83
    fetched = done - failed
    counts = RunCounts(requested=2000, queued=2000 - done - 9, issued=8, fetched=fetched, failed=failed, filtered=1,
                       extracted=fetched * 20, stored=fetched * 20 - 60)  # fmt: skip
    world.run(SHOP, "shop", "running", now - 1, counts)
    full = RunCounts(requested=420, fetched=418, failed=2, extracted=8360, stored=8300, rejected=40, dropped=20)
    for number, (dataset, state, ago) in enumerate(
        (("news", "completed", 380), ("docs-python", "completed", 3000), ("jobs", "failed", 9000),
         ("tides", "cancelled", 20_000), ("lighthouses", "completed", 50_000))
    ):  # fmt: skip
        world.run(digest("run", str(number)), dataset, state, now - ago, full if state == "completed" else counts)
    _prices(world)
    world.feed.waits([("trawl-extraction", "raw-pages", 3), ("trawl-cleaning", "raw-records", 12),
                      ("trawl-trends", "clean-records", 0), ("trawl-warehouse", "clean-records", 148),
                      ("trawl-warehouse", "page-outcomes", 20), ("trawl-fetch", "fetch-tasks", 8),
                      ("trawl-intake", "scrape-requests", 0)], now)  # fmt: skip


def _prices(world: World) -> None:
    """Six watched prices over two minutes, each with an event after the sixtieth value."""
    for number, name in enumerate(NAMES[:6]):
        key, values, base = f"sku-{name}", [], 20.0 + 13 * number
        drop = (-0.2, 0.35, -0.12, -0.3, 0.18, -0.08)[number]
        kind = "spike" if number % 3 == 1 else "shift"
        for index in range(120):
            at = world.now - 125 + index
            moved = index >= 70 + number if kind == "shift" else index == 70 + number
            value = round(base * (1 + (drop if moved else 0)) * (1 + 0.004 * world.random.gauss(0, 1)), 2)
            values.append(value)
            world.price(key, value, at)
            if index == 70 + number:
                found = world.trend(
                    key,
                    kind,
                    list(values),
                    base,
                    round(base * (1 + drop), 2),
                    at,
                    detector=("point", "rule", "change_point")[number % 3],
                    rule=("", "price above 40", "")[number % 3],
                )
                if name == "oar":
                    world.trend(key, kind, list(values), base * 1.2, base, at + 4, phase="ended", closes=found.id)


def an_hour_of_requests(now: float) -> RequestFigures:
    """A gateway that is busy, was slow for a while, and turned one caller away."""
    begin = int(now) // 60 * 60 - 3540
    pace = [
        RequestPace(second=begin + 60 * minute, requests=round(300 + 120 * math.sin(minute / 7)), p50_ms=6.0,
                    refused=80 if 30 <= minute < 36 else 0, failed=3 if minute == 41 else 0,
                    p95_ms=22 + (140 if 38 <= minute < 44 else 4 * math.sin(minute)))
        for minute in range(60) if minute != 20
    ]  # fmt: skip
    routes = [("GET", "/api/v1/jobs/{job_id}", 9120, 0, 5.1, 18.0), ("GET", "/api/v1/jobs", 4310, 0, 8.4, 31.0),
              ("POST", "/api/v1/scrape", 1880, 3, 14.2, 96.0), ("POST", "/api/v1/auth/login", 310, 0, 161.0, 240.0),
              ("GET", "/api/v1/jobs/{job_id}/records", 1400, 0, 22.0, 88.0)]  # fmt: skip
    at = datetime.fromtimestamp(now - 700, UTC)
    slowest = [StoredRequest(id=digest("request", str(number)), at=at, method="POST", path="/api/v1/scrape/sync",
                             route="", status=(200, 408, 503)[number % 3], elapsed_ms=30_000 - 900 * number,
                             user="user-1", request_id=f"req_{number}", address="192.0.2.7", user_agent="curl")
               for number in range(8)]  # fmt: skip
    refused = [Refused(route="/api/v1/auth/login", user="", address="198.51.100.9", requests=480, last=at)]
    figures = [
        RouteFigures(method=method, route=route, requests=requests, failed=failed, p50_ms=p50, p95_ms=p95)
        for method, route, requests, failed, p50, p95 in routes
    ]
    statuses = ((200, 15210), (202, 1310), (404, 96), (429, 480), (500, 3))
    return RequestFigures(tuple(pace), tuple(figures), statuses, tuple(slowest), tuple(refused))
