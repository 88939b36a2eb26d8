"""`trawl schedules`: what runs by itself, when next, and what became of it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, Data, Url

if TYPE_CHECKING:
    from rich.table import Table

JobId = Annotated[str, typer.Argument(help="The job's id, as `trawl schedules` shows it.")]
schedules = typer.Typer(
    help="List schedules, try one, show what became of a job's times, pause and resume.",
    epilog="Example: trawl schedules",
    invoke_without_command=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Adds the group."""
    app.add_typer(schedules, name="schedules")


@schedules.callback(invoke_without_command=True)
def listing(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, the next one first.")] = 50,
    as_json: AsJson = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """List schedules, the next one to fire first."""
    if context.invoked_subcommand:
        return
    from cli.console import out

    found = _ask(data, url, "GET", "/api/v1/schedules", params={"limit": limit})["schedules"]
    if as_json:
        _as_json(found)
    elif found:
        out().print(_table(found))
    else:
        out().print("No job has a schedule; PUT /api/v1/jobs/ID/schedule gives it one.")


@schedules.command(epilog="Example: trawl schedules preview '30 2 * * *' --timezone Europe/Berlin")
def preview(
    expression: Annotated[str, typer.Argument(help="Five cron fields, in quotes.")],
    timezone: Annotated[str, typer.Option(help="IANA name of the clocks that count.")] = "UTC",
    count: Annotated[int, typer.Option(min=1, max=100, help="So many times.")] = 10,
    data: Data = None,
    url: Url = None,
) -> None:
    """Show the next times of a cron expression."""
    from cli.console import out

    asked = {"schedule": {"cron": expression, "timezone": timezone}, "count": count}
    for time in _ask(data, url, "POST", "/api/v1/schedules/preview", json=asked)["times"]:
        out().print(f"{time['local']}  ({time['at']})", markup=False, highlight=False)


@schedules.command(epilog="Example: trawl schedules firings 3e7c8f0a-…")
def firings(
    job_id: JobId,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, newest first.")] = 20,
    as_json: AsJson = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """Show what became of a job's times: started, waiting, skipped, missed or failed, and why."""
    from cli.console import out
    from cli.tables import plain, safe

    found = _ask(data, url, "GET", f"/api/v1/jobs/{job_id}/schedule/firings", params={"limit": limit})["firings"]
    if as_json:
        return _as_json(found)
    rows = [(one["due_at"], one["outcome"], one["times"], one["run_id"] or "", safe(one["why"])) for one in found]
    out().print(plain(("due (UTC)", "outcome", "times", "run", "why"), rows, whole=(0,)))
    return None


@schedules.command(epilog="Example: trawl schedules pause 3e7c8f0a-…")
def pause(job_id: JobId, data: Data = None, url: Url = None) -> None:
    """Start nothing by itself until it is resumed; an open run goes on."""
    _say(_ask(data, url, "POST", f"/api/v1/jobs/{job_id}/schedule/pause"))


@schedules.command(epilog="Example: trawl schedules resume 3e7c8f0a-…")
def resume(job_id: JobId, data: Data = None, url: Url = None) -> None:
    """Go on with the next time."""
    _say(_ask(data, url, "POST", f"/api/v1/jobs/{job_id}/schedule/resume"))


def _say(schedule: dict[str, Any]) -> None:
    from cli.console import out

    out().print("It is paused." if schedule["paused_at"] else f"The next time is {schedule['next_at'] or 'never'}.")


def _ask(data: Any, url: Any, method: str, path: str, **how: Any) -> dict[str, Any]:
    from cli.gateway import Gateway

    with Gateway.of(data, url) as gateway:
        return dict(gateway.ask(method, path, **how))


def _table(found: list[dict[str, Any]]) -> "Table":
    from cli.tables import plain, safe

    rows = [
        (
            one["job_id"],
            safe(one["job_name"]),
            one["expression"] if one["kind"] != "interval" else f"every {float(one['expression']):g} s",
            one["timezone"],
            _next(one),
        )
        for one in found
    ]
    return plain(("job", "name", "when", "clocks", "next (UTC)"), rows, whole=(0,))


def _next(schedule: dict[str, Any]) -> str:
    if schedule["paused_at"]:
        return "paused"
    if not schedule["enabled"]:
        return "job disabled"
    return (schedule["next_at"] or "never")[:19].replace("T", " ")


def _as_json(value: Any) -> None:
    import orjson

    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2))
