"""`trawl gateway`, `trawl fetch` …: one process alone, against engines that run elsewhere."""

from collections.abc import Callable
from pathlib import Path

import typer

from cli.options import Data
from cli.processes import PROCESSES, Process


def register(app: typer.Typer) -> None:
    """One command for each declared process."""
    for process in PROCESSES:
        app.command(
            process.name,
            help=f"Alone: {process.about}.",
            epilog=f"Example: TRAWL_KAFKA=kafka:9092 TRAWL_POSTGRES=… trawl {process.name}",
            rich_help_panel="Processes, one at a time",
        )(_command(process))


def _command(process: Process) -> Callable[[Path | None], None]:
    def command(data: Data = None) -> None:
        from cli.options import load
        from cli.processes import run
        from cli.readiness import witnessed

        with witnessed():
            run(process.name, load(data))

    return command
