"""A run's progress bar."""

import contextlib
import time
from typing import TYPE_CHECKING, Any

from cli.errors import INTERRUPTED, Dismissed
from cli.gateway import Gateway
from cli.stream import frames, of_job
from schemas.ledger import ENDED_STATES

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

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
            bar.add_task("Waiting to start", total=None, records=0)
            while True:
                with contextlib.suppress(Dismissed):
                    _show(gateway, job_id, bar)
                job = gateway.job(job_id)
                if job["status"] in ENDED_STATES:
                    return job
                time.sleep(_AGAIN)
    except KeyboardInterrupt:
        console.print(f"The run goes on. `trawl jobs show {job_id}` tells of it, `trawl jobs cancel {job_id}` ends it.")
        raise SystemExit(INTERRUPTED) from None


def _show(gateway: Gateway, job_id: str, bar: "Progress") -> None:
    """The bar's one task as the run's frames tell it, until the last of them."""
    task = bar.tasks[0]
    for frame in frames(gateway, of_job(job_id)):
        if frame["type"] == "complete":
            return
        bar.update(task.id, records=task.fields["records"] + (frame["type"] == "record"))
        if frame["type"] == "progress":
            progress = frame["data"]
            bar.update(
                task.id,
                description=progress["current_operation"],
                completed=progress["current_page"],
                total=progress["total_pages"],
            )
