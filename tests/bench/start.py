"""How long `trawl up` takes, and what everything weighs when it has nothing to do."""

import subprocess
import sys
import time

import psutil

from tests.acceptance.system import System
from tests.bench.table import Table


def measure(system: System, table: Table, *, second: bool) -> None:
    """Starts the system: once on an empty folder and, if wanted, again on what that left behind."""
    first = _start(system)
    if not second:
        return
    table.row("first start, all ready", f"{first:.1f} s")
    system.stop()
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import faust, aiokafka, psycopg"], check=True)
    imports = time.perf_counter() - began
    again = _start(system)
    table.row("second start, all ready", f"{again:.1f} s", "≤ 20 s", f"importing one stage's drivers: {imports:.1f} s")


def _start(system: System) -> float:
    began = time.perf_counter()
    system.start(timeout=300)
    return time.perf_counter() - began


def memory(system: System, table: Table) -> None:
    """Resident memory by process, at rest; memory that processes share is counted in each."""
    total = 0.0
    for name, entry in system.processes().items():
        one = psutil.Process(int(entry["pid"]))
        family = [one, *one.children(recursive=True)]
        # PostgreSQL's processes share their buffers: the proportional share is what the machine really spends.
        mib = sum(_share(member) for member in family) / 2**20
        total += mib
        table.row(f"memory at rest: {name}", f"{mib:.0f} MiB")
    mib = _share(psutil.Process(system.supervisor)) / 2**20
    table.row("memory at rest: supervisor", f"{mib:.0f} MiB")
    table.row("memory at rest: all together", f"{(total + mib) / 1024:.2f} GiB", "≤ 2.33 GiB", "2.5 GB")


def _share(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss)
    except psutil.Error:
        return float(process.memory_info().rss)
