"""`trawl pause|resume|stop JOB`: how a run goes on, in effect within a second."""

from typing import Annotated, Any

import typer

from cli.options import Data, Url

JobId = Annotated[str, typer.Argument(help="The job's id, as `trawl jobs` shows it.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("pause", epilog="Example: trawl pause 3e7c8f0a-…")(pause)
    app.command("resume", epilog="Example: trawl resume 3e7c8f0a-…")(resume)
    app.command("stop", epilog="Example: trawl stop 3e7c8f0a-…")(stop)


def pause(job_id: JobId, data: Data = None, url: Url = None) -> None:
    """Visit nothing more of a job for now; `trawl resume` undoes it.

    What is being fetched at the moment is finished and kept. What waits goes on waiting.
    """
    _ask(job_id, "pause", data, url)


def resume(job_id: JobId, data: Data = None, url: Url = None) -> None:
    """Go on with a job that was paused."""
    _ask(job_id, "resume", data, url)


def stop(job_id: JobId, data: Data = None, url: Url = None) -> None:
    """End a job early, in good order: what is under way is kept, the rest is dropped.

    The run completes with what it has. `trawl jobs cancel` drops what is under way as well.
    """
    _ask(job_id, "stop", data, url)


def _ask(job_id: str, verb: str, data: Any, url: Any) -> None:
    from cli.console import out
    from cli.gateway import Gateway

    with Gateway.of(data, url) as gateway:
        job = gateway.ask("POST", f"/api/v1/jobs/{job_id}/{verb}")
    out().print(f"The job is {job['phase']}.")
