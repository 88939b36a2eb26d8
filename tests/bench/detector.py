"""How good trends' detectors are, beside the bars they are held against: `python -m tests.bench detector DATA_FOLDER`.

The data sets are their authors' and are not shipped: the folder holds NAB's repository as `NAB` (its `data` and
`labels`) and TCPD's as `TCPD` (its `datasets` and `annotations.json`); what is not there is said. Noise and bursts
are made here.
"""

import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from streams.trends.daily.slopes import KEPT, slopes
from streams.trends.detector import FEW_KEYS, MANY_KEYS
from tests.bench import nab, stage_cost, tcpd
from tests.bench.changes import segments
from tests.bench.detector_cost import BAR
from tests.bench.detector_cost import measure as cost
from tests.bench.streams_of_noise import NOISES, bursts, falls, silence
from tests.bench.table import Table, machine

_PRECISION = 0.95
_NAB_BARS = {"standard": (70, 68), "low FP": (63, 61), "low FN": (74, 72)}
_WIDE_BARS = {"standard": 75.0, "low FP": 67.1, "low FN": 80.5}


def run(arguments: Sequence[str]) -> int:
    """Prints the table; 1 if the budget of alarms is broken or bursts are missed, 2 for senseless arguments."""
    if len(arguments) > 1 or (arguments and not Path(arguments[0]).is_dir()):
        sys.stderr.write("Give the folder that holds NAB and TCPD, or nothing to measure without them.\n")
        return 2
    table = Table(machine())
    folder = Path(arguments[0]) if arguments else None
    nab_rows(table, folder)
    _tcpd(table, folder)
    holds = [_noise(table), _bursts(table)]
    _prices(table)
    _slopes(table)
    _cost(table)
    return 0 if all(holds) else 1


def _found(folder: Path | None, name: str) -> Path | None:
    """The data set's folder, whatever its name is spelt like; the folder itself where it is one."""
    if folder is None:
        return None
    return next((one for one in sorted(folder.iterdir()) if one.is_dir() and one.name.upper().startswith(name)), folder)


def nab_rows(table: Table, folder: Path | None) -> None:
    """One configuration for all files, halves of them, and the wide variant; or that they are absent."""
    place = _found(folder, "NAB")
    files = nab.read(place) if place else []
    if not files:
        table.row("NAB", "absent", "70 / 63 / 74", "no labels/combined_windows.json in the folder that was given")
        return
    scored = nab.corpus(files, FEW_KEYS)
    for name, (whole, halves) in nab.summary(scored).items():
        bars = _NAB_BARS[name]
        table.row(f"NAB {name}, one configuration", f"{whole:.1f}", f"≥ {bars[0]}", f"{len(files)} files")
        table.row(f"NAB {name}, 80 half splits", f"{halves:.1f}", f"≥ {bars[1]}", "threshold from the other half")
    wide = nab.fitted(files)
    for name, bar in _WIDE_BARS.items():
        reached = nab.best(wide, nab.PROFILES[name])[0]
        table.row(f"NAB {name}, wide", f"{reached:.1f}", f"≥ {bar}", f"fitted on all {len(files)} files")


def _tcpd(table: Table, folder: Path | None) -> None:
    place = _found(folder, "TCPD")
    series = tcpd.read(place) if place else []
    if not series:
        table.row("TCPD", "absent", ".70 / .72", "no annotations.json with datasets in the folder that was given")
        return
    found = [segments(one.values) for one in series]
    both = list(zip(series, found, strict=True))
    covers = [tcpd.cover(one.annotations, points, len(one.values)) for one, points in both]
    table.row("TCPD cover", f"{np.mean(covers):.3f}", "≥ .70", f"{len(series)} series of one dimension")
    table.row("TCPD F1", f"{np.mean([tcpd.f1(one.annotations, points) for one, points in both]):.3f}", "≥ .72")


def _noise(table: Table) -> bool:
    """Of 2,500 values a series, and of 12,000: a heavy tail is learned late."""
    holds = True
    for name, noise in NOISES.items():
        said, many, long = silence(noise, FEW_KEYS), silence(noise, MANY_KEYS), silence(noise, FEW_KEYS, 100, 12_000)
        held = "budget held" if said.within_budget and many.within_budget else "BUDGET BROKEN"
        note = f"few {said.alarms:.0f}, many {many.alarms:.0f} alarms a million, {held}"
        table.row(f"noise, {name}: P(T ≥ b) / 6·10^−b", f"{said.boldness:.2f}", "≤ 1", note)
        table.row("the same of 12,000 values a series", f"{long.boldness:.2f}", "≤ 1")
        holds = holds and said.within_budget and many.within_budget and long.within_budget
    return holds


def _prices(table: Table) -> None:
    for noise, drop in itertools.product((0.0, 0.005, 0.01), (0.03, 0.05, 0.1)):
        for name, preset in (("few", FEW_KEYS), ("many", MANY_KEYS)):
            said = falls(noise, drop, preset)
            note = f"within thirty {said.found:.0%}, false alarms {said.false}, precision {said.precision:.2f}"
            figure = f"−{drop:.0%}, noise {noise:.1%}, {name}: told at once"
            table.row(figure, f"{said.at_once:.0%}", "all, no false" if (noise, name) == (0.0, "few") else "", note)


def _bursts(table: Table) -> bool:
    holds = True
    for surprise in (2.2, 3.0):
        said = bursts(surprise)
        note = f"recall {said.recall:.2f}, delay {said.delay:.1f} slots, {said.false_a_slot:.2f} false a slot"
        table.row(
            f"bursts made here, z ≥ {surprise}: precision", f"{said.average_precision:.3f}", f"≥ {_PRECISION}", note
        )
        holds = holds and said.average_precision >= _PRECISION
    return holds


def _slopes(table: Table) -> None:
    random = np.random.default_rng(0)
    series = 4000
    days = np.tile(np.arange(20_000.0, 20_000 + KEPT), (series, 1))
    for phi, bar in ((0.0, 6), (0.3, 6), (0.6, 6), (0.9, 10)):
        noise = random.normal(size=(series, KEPT))
        noise[:, 0] /= np.sqrt(1 - phi * phi)
        for day in range(1, KEPT):
            noise[:, day] += phi * noise[:, day - 1]
        p, _ = slopes(50 + noise, days, np.full(series, KEPT))
        table.row(f"slow trends in AR({phi}) noise at 5 %", f"{(p < 0.05).mean() * 100:.1f} %", f"≤ {bar} %")


def _cost(table: Table) -> None:
    middle, best, _ = cost(10_000)
    table.row("point and shift detector, 10,000 keys a call", f"{middle:.0f} ns", f"≤ {BAR:.0f} ns", f"best {best:.0f}")
    spent = stage_cost.measure()
    table.row("trends stage, records of two numbers", f"{spent:.1f} µs a record", "", "all detectors on, one partition")
