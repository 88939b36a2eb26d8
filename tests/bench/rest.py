"""How honest the estimates of a run's rest are, over made-up crawls: how often the range held the true time."""

from collections.abc import Iterable
from statistics import median

from api.services.remaining import remaining
from tests.bench.table import Table
from tests.fakes.crawls import SHAPES, crawl

PARTS = tuple(number / 20 for number in range(1, 20))
CRAWLS = 500


def measure(table: Table) -> None:
    """A row a kind of site, and one for all."""
    every: list[tuple[float, float | None, float]] = []
    for kind, shape in enumerate(SHAPES):
        points, unsaid = said(range(kind, CRAWLS, len(SHAPES)))
        every += points
        _row(table, shape, points, unsaid)
    _row(table, "all", every, 0)


def said(seeds: Iterable[int]) -> tuple[list[tuple[float, float | None, float]], int]:
    """Ranges with the true time beside them, asked at nineteen moments of each crawl; and how often none was told."""
    points, unsaid = [], 0
    for seed in seeds:
        one = crawl(seed)
        for part in PARTS:
            run, samples, loads, now, left = one.at(part)
            found = remaining(run, samples, loads, now)
            if found.low is None:
                unsaid += 1
            else:
                points.append((found.low, found.high, left))
    return points, unsaid


def coverage(points: Iterable[tuple[float, float | None, float]]) -> float:
    """The share of ranges with both ends that held the true time."""
    held = [low <= left <= high for low, high, left in points if high is not None]
    return sum(held) / len(held)


def _row(table: Table, name: str, points: list[tuple[float, float | None, float]], unsaid: int) -> None:
    both = [(low, high, left) for low, high, left in points if high is not None]
    below, above = (sum(left < low for low, _, left in both), sum(left > high for _, high, left in both))
    wide = median((high - low) / left for low, high, left in both if left > 1)
    table.row(
        f"rest of a crawl, {name}: ranges that held", f"{coverage(points):.0%}", "≥ 80 %",
        f"of {len(both)}; {below / len(both):.0%} took less, {above / len(both):.0%} more; {len(points) - len(both)} "
        f"had no upper end, {unsaid} none; median width {wide:.1f} of the rest",
    )  # fmt: skip
