"""A run's progress bar."""

import time
from typing import TYPE_CHECKING, Any

from cli.errors import INTERRUPTED
from cli.gateway import OVER, Gateway
from cli.stream import frames

if TYPE_CHECKING:
    from rich.console import Console

_AGAIN = 1.5
"""Seconds before a stream that ended before its run is asked for again."""


def to_the_end(gateway: Gateway, job_id: str, console: "Console") -> dict[str, Any]:
    """Shows how a job's newest run goes until it is over, and returns the job then. A connection that is lost is taken
    up again where it was, also after a restart of the gateway.

    Ctrl-C stops the watching and not the run: it says so, and exits as an interrupted program does.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(finished_text="[green]✓[/green]"),
        TextColumn("{task.description:<26}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("pages · {task.fields[records]} records"),
        TimeElapsedColumn(),
    )
    try:
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("Waiting to start", total=None, records=0)
            records = 0
            while True:
                for frame in frames(gateway.url, gateway.key, job_id):
                    records += frame["type"] == "record"
                    if frame["type"] == "progress":
                        progress = frame["data"]
                        bar.update(
                            task,
                            description=progress["current_operation"],
                            completed=progress["current_page"],
                            total=progress["total_pages"],
                            records=records,
                        )
                job = gateway.job(job_id)
                if job["status"] in OVER:
                    return job
                time.sleep(_AGAIN)
    except KeyboardInterrupt:
        console.print(f"The run goes on. `trawl jobs show {job_id}` tells of it, `trawl jobs cancel {job_id}` ends it.")
        raise SystemExit(INTERRUPTED) from None
