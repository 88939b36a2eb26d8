"""How often the ranges of forecasts hold what comes, how far off their middles are, and what they cost: `python -m
tests.bench forecasts`.

`python -m tests.bench forecasts DATA_FOLDER` holds them against real series as well: each column of numbers of each
CSV file in the folder is one, in the order of its rows. They are their authors' and are not shipped.
"""

import csv
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from api.services.analytics.forecasting import forecast
from api.services.analytics.seasons import Bools
from tests.bench.families import FAMILIES, Family, Floats
from tests.bench.table import Table, machine

LEVELS = (0.8, 0.95)
SERIES = 60
_OVERALL, _FAMILY = 0.05, 0.10
_LEAST_REAL, _MOST_REAL, _ORIGINS_REAL = 30, 2000, 4
_LIMIT_MS = 100


@dataclass(frozen=True)
class Judged:
    """Of some series: the share of values within the range for each of LEVELS, and the mean absolute error divided by
    that of the seasonal naive forecast (geometric mean over the series)."""

    covered: tuple[float, ...]
    error: float


def run(arguments: Sequence[str]) -> int:
    """Prints the table; 1 if a promise is broken, 2 for senseless arguments."""
    if len(arguments) > 1 or (arguments and not Path(arguments[0]).is_dir()):
        sys.stderr.write("Give the folder that holds real series as CSV files, or nothing to measure without them.\n")
        return 2
    return 0 if measure(Table(machine()), Path(arguments[0]) if arguments else None) else 1


def measure(table: Table, folder: Path | None = None) -> bool:
    """Whether every promise holds; real series are shown and promised nothing."""
    holds = _families(table)
    if folder:
        _real(table, folder)
    return _cost(table) and holds


def judged(family: Family, series: int, seed: int = 0) -> Judged:
    """So many series of the family, each by itself."""
    random = np.random.default_rng(seed)
    made = [family.made(random, family.size + family.horizon) for _ in range(series)]
    return _judged([(one[: family.size], one[family.size :], family.season) for one in made])


def _judged(series: Sequence[tuple[Floats, Floats, int]]) -> Judged:
    within: list[list[Bools]] = [[] for _ in LEVELS]
    ratios = []
    for past, ahead, season in series:
        known = np.isfinite(ahead)
        values = [None if np.isnan(value) else float(value) for value in past]
        said = [forecast(range(len(past)), values, len(ahead), level).points for level in LEVELS]
        for place, points in enumerate(said):
            low, high = (np.array([getattr(one, name) for one in points])[known] for name in ("low", "high"))
            # A range may end where the value is, give or take rounding.
            slack = 1e-9 * (1 + np.abs(ahead[known]))
            within[place].append((low - slack <= ahead[known]) & (ahead[known] <= high + slack))
        missed = np.abs(np.array([point.value for point in said[0]]) - ahead)[known].mean()
        naive = np.abs(naive_of(past, season, len(ahead)) - ahead)[known].mean()
        if naive > 0:
            ratios.append(max(missed / naive, 1e-3))
    covered = tuple(float(np.concatenate(one).mean()) for one in within)
    return Judged(covered, float(np.exp(np.mean(np.log(ratios)))) if ratios else 1.0)


def naive_of(past: Floats, season: int, horizon: int) -> Floats:
    """The last value that was seen at that place of the season."""
    ahead = np.empty(horizon)
    for step in range(horizon):
        same = past[(len(past) + step) % season :: season]
        ahead[step] = same[np.isfinite(same)][-1]
    return ahead


def _families(table: Table) -> bool:
    found = {name: judged(family, SERIES) for name, family in FAMILIES.items()}
    for name, one in found.items():
        table.row(name, *_cells(one, _FAMILY))
    # Of a constant everything is certain: it would only lift the mean.
    uncertain = [one for name, one in found.items() if name != "constant"]
    overall = _mean(uncertain)
    table.row("all families (but the constant)", *_cells(overall, _OVERALL))
    near = all(abs(one - level) <= _OVERALL for one, level in zip(overall.covered, LEVELS, strict=True))
    none_low = all(
        one >= level - _FAMILY for each in found.values() for one, level in zip(each.covered, LEVELS, strict=True)
    )
    return near and none_low and overall.error <= 1


def _mean(found: Sequence[Judged]) -> Judged:
    covered = np.mean([one.covered for one in found], axis=0)
    return Judged(tuple(covered.tolist()), float(np.exp(np.mean([np.log(one.error) for one in found]))))


def _cells(one: Judged, slack: float) -> tuple[str, str, str]:
    said = " / ".join(f"{covered:.1%}" for covered in one.covered)
    bars = " / ".join(f"{level - slack:.0%}" for level in LEVELS)
    return said, f"≥ {bars}", f"error {one.error:.2f} of the seasonal naive's"


def _real(table: Table, folder: Path) -> None:
    """Several origins of each series, in its last third; seasons of the naive beside it are those that are believed."""
    found = []
    for name, values, season in real(folder):
        horizon = max(4, min(24, len(values) // 10))
        ends = np.unique(np.linspace(len(values) * 2 // 3, len(values) - horizon, _ORIGINS_REAL).astype(int))
        one = _judged([(values[:end], values[end : end + horizon], season) for end in ends.tolist()])
        table.row(name, *_cells(one, _FAMILY))
        found.append(one)
    if not found:
        table.row("real series", "absent", "", "no CSV file with a column of 30 numbers in the folder that was given")
        return
    table.row(f"all {len(found)} real series", *_cells(_mean(found), _OVERALL))


def real(folder: Path) -> Iterator[tuple[str, Floats, int]]:
    """Name, values and season of each column of numbers; the season is the number in a file's name before the ending
    (`sunspots.11.csv`), 1 if there is none."""
    for path in sorted(folder.rglob("*.csv")):
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        season = int(path.stem.rpartition(".")[2]) if path.stem.rpartition(".")[2].isdigit() else 1
        for column in rows[0] if rows else ():
            values = np.array([_number(row[column]) for row in rows])[-_MOST_REAL:]
            if np.isfinite(values).sum() >= max(_LEAST_REAL, len(values) / 2) and np.unique(values).size > 1:
                yield f"{path.stem}, {column}", values, season


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def _cost(table: Table) -> bool:
    """The longest and most seasonal that is looked at; in processor time, the middle of five."""
    random = np.random.default_rng(0)
    values = FAMILIES["records an hour"].made(random, 2000).tolist()
    holds = True
    for horizon in (24, 168):
        took = []
        for _ in range(5):
            began = time.process_time()
            forecast(range(2000), values, horizon, 0.95)
            took.append(1000 * (time.process_time() - began))
        middle = sorted(took)[2]
        holds = holds and middle <= _LIMIT_MS
        table.row(f"2,000 values, {horizon} ahead", f"{middle:.0f} ms", f"≤ {_LIMIT_MS} ms", "processor time")
    return holds
