"""`trawl watch`: a run as it happens, or everything of a kind."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, Data, Url

if TYPE_CHECKING:
    from cli.gateway import Gateway

LATEST = "latest"
CHANNELS = ("records", "marks", "trends", "runs", "outcomes")
"""What the gateway hands on of all runs; every other word is a job."""
KINDS = ("record", "marks", "trend", "log", "status", "progress", "complete", "error")
_EXAMPLES = (
    "Example: trawl watch latest --only trend --only record; trawl watch records --dataset shop --json; "
    "trawl watch trends"
)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("watch", epilog=_EXAMPLES)(watch)


def watch(
    what: Annotated[str, typer.Argument(help=f"A job's id, `latest`, or {', '.join(CHANNELS)}.")] = LATEST,
    only: Annotated[list[str] | None, typer.Option(help=f"Only such frames: {', '.join(KINDS)}.")] = None,
    dataset: Annotated[str | None, typer.Option(help=f"Only of this dataset; for {', '.join(CHANNELS)}.")] = None,
    as_json: AsJson = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """Show what happens, as it happens.

    Of a job (`latest`: the newest) the live stream of its newest run: records, trends, pages, progress; ends when the
    run does. Of `records`, `marks`, `trends`, `runs` or `outcomes` everything that you may see, of all runs, until
    Ctrl-C.
    """
    from cli.errors import WrongUse
    from cli.gateway import Gateway

    unknown = sorted(set(only or ()) - set(KINDS))
    if unknown:
        raise WrongUse(f"There are no frames {', '.join(unknown)}; there are {', '.join(KINDS)}.")
    if dataset and what not in CHANNELS:
        raise WrongUse(f"--dataset goes with {', '.join(CHANNELS)}; a job has one dataset.")
    with Gateway.of(data, url) as gateway:
        path = stream_of(gateway, what, dataset)
        _print_all(gateway, path, frozenset(only or ()), as_json, ends=what not in CHANNELS)


def stream_of(gateway: "Gateway", what: str, dataset: str | None = None) -> str:
    """The path of the stream that is meant. NotRunning when there is no job, Refused when there is no such one."""
    from urllib.parse import urlencode

    from cli.errors import NotRunning
    from cli.stream import of_job

    if what in CHANNELS:
        asked = {"channel": what} | ({"dataset": dataset} if dataset else {})
        return f"/api/v1/stream?{urlencode(asked)}"
    if what == LATEST:
        found = gateway.jobs(limit=1)
        if not found:
            raise NotRunning("There is no job yet; `trawl scrape URL` makes one.")
        what = found[0]["job_id"]
    else:
        gateway.job(what)
    return of_job(what)


def _print_all(gateway: "Gateway", path: str, only: frozenset[str], as_json: bool, *, ends: bool) -> None:
    """Every frame, until the gateway ends the stream; with `ends` until the run is over."""
    import orjson

    from cli.console import out
    from cli.stream import frames

    for frame in frames(gateway, path):
        if not only or frame["type"] in only:
            if as_json:
                typer.echo(orjson.dumps(frame))
            else:
                out().print(line(frame), markup=True, soft_wrap=True)
        if ends and frame["type"] == "complete":
            return


def line(frame: Mapping[str, Any]) -> str:
    """A frame in one line of a terminal; what came from a page cannot colour it."""
    from cli.tables import safe

    kind, data = str(frame["type"]), frame["data"]
    match kind:
        case "record":
            shown = ", ".join(f"{name}={value}" for name, value in data["data"].items())
            return f"[green]record[/]   {safe(shown)}"
        case "marks":
            shown = ", ".join(f"{mark['key']} is {mark['state']}" for mark in data["marks"])
            return f"[yellow]marks[/]    {safe(data['dataset'])}: {safe(shown or 'all unchanged')}"
        case "trend":
            shown = data.get("sentence") or f"{data['series']} {data['kind']}"
            return f"[magenta]trend[/]    {safe(shown)}"
        case "log":
            return f"[dim]log[/]      {safe(data['message'])}"
        case "progress":
            of = data["total_pages"] or "?"
            return f"[cyan]progress[/] {data['current_page']} of {of} pages, {safe(data['current_operation'])}"
        case "status" | "complete":
            return f"[bold]{kind:<8}[/] {safe(data['status'])} {safe(data.get('reason') or '')}"
        case _:
            return f"[red]{safe(kind)}[/] {safe(str(data.get('message', data)))}"
