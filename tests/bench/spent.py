"""Processor time of every process of the system, and what a piece of work cost."""

import psutil

from tests.acceptance.system import System
from tests.bench.table import Table


def spent(system: System) -> dict[str, float]:
    """Seconds of user and system time so far, by process, its children included."""
    found = {}
    for name, entry in system.processes().items():
        one = psutil.Process(int(entry["pid"]))
        seconds = 0.0
        for member in [one, *one.children(recursive=True)]:
            times = member.cpu_times()
            seconds += times.user + times.system
        found[name] = seconds
    return found


def costs(before: dict[str, float], after: dict[str, float], pieces: int) -> dict[str, float]:
    """Seconds a piece, by process."""
    return {name: (after[name] - before.get(name, 0.0)) / pieces for name in after}


def rows(table: Table, before: dict[str, float], after: dict[str, float], pieces: int, piece: str, unit: float) -> None:
    """One row a process that took part, the most expensive first; `unit` is 1e3 for milliseconds, 1e6 for
    microseconds. What spent under a hundredth of all only waited."""
    word = {1e3: "ms", 1e6: "µs"}[unit]
    cost = costs(before, after, pieces)
    total = sum(cost.values())
    for name, seconds in sorted(cost.items(), key=lambda item: -item[1]):
        if seconds >= total / 100:
            table.row(f"  processor time a {piece}: {name}", f"{unit * seconds:.2f} {word}")
    table.row(f"  processor time a {piece}: all processes", f"{unit * total:.2f} {word}")
