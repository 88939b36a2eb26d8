"""`trawl jobs`: what was asked for, and what became of it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.commands import job_history
from cli.options import AsJson, Data, Url

if TYPE_CHECKING:
    from rich.table import Table

JobId = Annotated[str, typer.Argument(help="The job's id, as `trawl jobs` shows it.")]
jobs = typer.Typer(
    help="List jobs, show one, its versions, runs and log; copy one, cancel one.",
    epilog="Example: trawl jobs --status running",
    invoke_without_command=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Adds the group."""
    job_history.register(jobs)
    app.add_typer(jobs, name="jobs")


@jobs.callback(invoke_without_command=True)
def listing(
    context: typer.Context,
    status: Annotated[
        str | None, typer.Option(help="Only queued, running, completed, failed or cancelled ones.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """List the newest jobs."""
    if context.invoked_subcommand:
        return
    from cli.console import out
    from cli.gateway import Gateway

    with Gateway.of(data, url) as gateway:
        found = gateway.jobs(status, limit)
    if as_json:
        _as_json(found)
    elif found:
        out().print(_table(found))
    else:
        out().print("No jobs yet. [bold]trawl scrape URL[/bold] makes one.")


@jobs.command(epilog="Example: trawl jobs show 3e7c8f0a-…")
def show(job_id: JobId, as_json: AsJson = False, data: Data = None, url: Url = None) -> None:
    """Show a job, its newest run's accounts, and the URLs that failed."""
    from cli.commands.scrape import accounts, unfetched
    from cli.console import out
    from cli.gateway import Gateway

    with Gateway.of(data, url) as gateway:
        job = gateway.job(job_id)
        failed = gateway.urls(job_id, "failed", 20)
    if as_json:
        return _as_json(job)
    out().print(_table([job | {"records": job["counts"]["stored"]}]))
    out().print(accounts(job))
    if failed:
        out().print(unfetched(failed))
    return None


@jobs.command(epilog="Example: trawl jobs cancel 3e7c8f0a-…")
def cancel(job_id: JobId, data: Data = None, url: Url = None) -> None:
    """Drop what a job still waits for; what was fetched is kept, and the accounts are closed."""
    from cli.console import out
    from cli.gateway import Gateway

    with Gateway.of(data, url) as gateway:
        job = gateway.cancel(job_id)
    out().print(f"The job is {job['phase']}.")


def _table(found: list[dict[str, Any]]) -> "Table":
    from cli.tables import plain, safe

    colours = {"completed": "green", "failed": "red", "cancelled": "yellow", "running": "cyan", "queued": "blue"}
    rows = [
        (
            job["job_id"],
            safe(job["name"]),
            f"[{colours.get(job['status'], 'white')}]{job['status']}[/]",
            f"{job['progress']['current_page']}/{job['progress']['total_pages'] or '?'}",
            job["records"],
            job["created_at"][5:16].replace("T", " "),
        )
        for job in found
    ]
    return plain(("job", "name", "status", "pages", "records", "made (UTC)"), rows, whole=(0, 5))


def _as_json(value: Any) -> None:
    import orjson

    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2))
