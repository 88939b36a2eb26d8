"""Crawls of made-up sites: how far each had come at every second, and when it was over.

Sites are found in the ways that real ones are: a list that is known at once, listings that lead from page to page,
trees, links that lead anywhere, links that lead nearby. Servers are as uneven as real ones: they start slowly, their
pace wanders, and one in four is suddenly another one.
"""

import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schemas.events import RunCounts
from schemas.ledger import HostLoad, Run, Sample

BEGAN = datetime(2026, 1, 5, 10, 30, tzinfo=UTC)
Found = Callable[[], int]
"""How many new pages the next visit brings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawl:
    """One that is over: `samples` a second apart, and `seconds` that it took."""

    shape: str
    samples: list[Sample]
    seconds: float
    max_pages: int
    delay: float

    def at(self, part: float) -> tuple[Run, list[Sample], list[HostLoad], datetime, float]:
        """What was known at that part of its time, and the seconds that were left then."""
        now = BEGAN + timedelta(seconds=part * self.seconds)
        passed = [sample for sample in self.samples if sample.at <= now]
        last = passed[-1] if passed else Sample(BEGAN, 1, 0)
        counts = RunCounts(requested=last.known, fetched=last.done, queued=last.known - last.done)
        run = Run(id="r", job_id="j", owner="o", dataset="d", state="running", reason="", max_pages=self.max_pages,
                  created_at=BEGAN, started_at=BEGAN, finished_at=None, cancelled_at=None, counts=counts)  # fmt: skip
        queued = max(0, min(last.known, self.max_pages) - last.done)
        loads = [HostLoad("site", queued, self.delay)] if self.delay else []
        return run, passed[-600:], loads, now, (1 - part) * self.seconds


def crawl(seed: int) -> Crawl:
    """The same one for the same seed."""
    chance = random.Random(seed)
    shape = SHAPES[seed % len(SHAPES)]
    known, found, size = _site(shape, chance)
    max_pages = 100_000 if chance.random() < 0.85 else max(20, int(size * chance.uniform(0.3, 0.9)))
    delay = chance.choice([0.0, 0.0, 0.0, 0.5, 1.0])
    wait = _server(chance, delay, size)
    samples, done, now, told = [], 0, 0.0, 0.0
    while done < min(known, max_pages):
        now += wait(now)
        done += 1
        known += found()
        if now >= told:
            told = max(told + 1.0, math.floor(now) + 1.0)
            samples.append(Sample(BEGAN + timedelta(seconds=now), known, done))
    samples.append(Sample(BEGAN + timedelta(seconds=now), known, done))
    return Crawl(shape=shape, samples=samples, seconds=now + chance.uniform(0.2, 1.5), max_pages=max_pages, delay=delay)


SHAPES = ("list", "listings", "tree", "anywhere", "nearby")


def _site(shape: str, chance: random.Random) -> tuple[int, Found, int]:
    """Pages known at the beginning, what each visit brings, and how many there are in all (some)."""
    size = int(10 ** chance.uniform(1.6, 3.3))
    if shape == "list":
        return size, lambda: 0, size
    if shape in ("anywhere", "nearby"):
        return 1, _linked(shape, size, chance), size
    queue: deque[tuple[int, int]] = deque([(0, 0)])
    breadth = chance.randint(2, 12)
    levels = max(1, round(math.log(size, max(breadth, 2))))
    many, run_on = chance.randint(2, 25), chance.randint(1, 30)

    def found() -> int:
        level, place = queue.popleft() if queue else (99, 0)
        if shape == "tree":
            new = chance.randint(breadth // 2, breadth + breadth // 2) if level < levels else 0
            queue.extend((level + 1, 0) for _ in range(new))
            return new
        if level == 0:  # the first page leads to the listings
            queue.extend((1, 0) for _ in range(breadth))
            return breadth
        if level == 1:
            queue.extend((2, 0) for _ in range(many))
            queue.extend((1, place + 1) for _ in range(place < run_on))
            return many + (place < run_on)
        return 0

    return 1, found, breadth * run_on * (many + 1) if shape == "listings" else size


def _linked(shape: str, size: int, chance: random.Random) -> Found:
    """Each page links to others of the site: all of it, or what is near, and now and then far away."""
    links, seen = chance.randint(4, 40), {0}
    order, reach = deque([0]), max(3, size // chance.randint(8, 60))

    def found() -> int:
        here, new = (order.popleft() if order else 0), 0
        for _ in range(links):
            near = shape == "nearby" and chance.random() < 0.98
            page = (here + chance.randint(1, reach)) % size if near else chance.randrange(size)
            if page not in seen:
                seen.add(page)
                order.append(page)
                new += 1
        return new

    return found


def _server(chance: random.Random, delay: float, size: int) -> Callable[[float], float]:
    """Seconds until the next page is done."""
    pace = 10 ** chance.uniform(-0.3, 1.7)
    slow_for, uneven = chance.uniform(0.0, 3.0), chance.uniform(0.02, 0.25)
    turn_at, turn = chance.uniform(0.2, 0.8) * size / pace, chance.choice([1, 1, 1, chance.uniform(0.4, 2.0)])
    drift = 0.0

    def wait(now: float) -> float:
        nonlocal drift
        drift = 0.97 * drift + chance.gauss(0, uneven)
        here = pace * (turn if now > turn_at else 1) * (0.3 if now < slow_for else 1) * math.exp(drift)
        return max(delay, chance.expovariate(1.0) / here)

    return wait
