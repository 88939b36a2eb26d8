"""`trawl gateway`, `trawl fetch` …: one process alone, against engines that run elsewhere."""

import typer

from cli.options import Data
from cli.processes import PROCESSES, Process


def register(app: typer.Typer) -> None:
    """One command for each declared process."""
    for process in PROCESSES:
        app.command(
            process.name,
            help=f"Run one process alone: {process.about}.",
            epilog=f"Example: [bold]TRAWL_KAFKA=kafka:9092 TRAWL_POSTGRES=… trawl {process.name}[/bold]",
            rich_help_panel="Processes, one at a time",
        )(_command(process))


def _command(process: Process) -> "typer.models.CommandFunctionType":  # type: ignore[type-var]
    def command(data: Data = None) -> None:
        from cli.options import load
        from cli.processes import run

        run(process.name, load(data))

    return command
