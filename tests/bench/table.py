"""What is printed: one row a figure, as soon as it is known."""

import os
import platform
import sys
from pathlib import Path

import psutil


def machine() -> str:
    """Processor, cores, memory, kernel, Python, and how busy it is with other things."""
    model = next((line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")), "")
    gib = psutil.virtual_memory().total / 2**30
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{model}, {os.cpu_count()} cores, {gib:.0f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; load before: {load}"
    )


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else [f"model name: {platform.processor()}"]


class Table:
    """Prints rows of equal width."""

    def __init__(self, title: str) -> None:
        sys.stdout.write(f"{title}\n\n{'figure':44} {'measured':>16} {'promised':>14}  beside it\n")

    def row(self, figure: str, measured: str, promised: str = "", beside: str = "") -> None:
        """One figure."""
        sys.stdout.write(f"{figure:44} {measured:>16} {promised:>14}  {beside}\n")
        sys.stdout.flush()
