"""`trawl watch`: a run as it happens."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, Data, Url

if TYPE_CHECKING:
    from websockets.sync.connection import Connection

LATEST = "latest"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("watch", epilog="Example: trawl watch latest --only trend --only record")(watch)


def watch(
    channel: Annotated[str, typer.Argument(help="A job's id, or `latest`.")] = LATEST,
    only: Annotated[
        list[str] | None, typer.Option(help="Only such frames: record, trend, log, status, progress.")
    ] = None,
    as_json: AsJson = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """Show a run as it happens.

    The live stream of a job's newest run: records, trends, pages, progress. Ends when the run does.
    """
    from cli.errors import NotRunning
    from cli.gateway import Gateway

    with Gateway.of(data, url) as gateway:
        if channel == LATEST:
            found = gateway.jobs(limit=1)
            if not found:
                raise NotRunning("There is no job yet; `trawl scrape URL` makes one.")
            channel = found[0]["job_id"]
        else:
            gateway.job(channel)
        _tail(gateway.url, gateway.key, channel, frozenset(only or ()), as_json)


def _tail(url: str, key: str, job_id: str, only: frozenset[str], as_json: bool) -> None:
    from websockets.exceptions import ConnectionClosedOK, WebSocketException
    from websockets.sync.client import connect

    from cli.errors import NotRunning

    address = f"ws{url.removeprefix('http')}/api/v1/jobs/{job_id}/stream"
    headers = {"Authorization": f"Bearer {key}"}
    try:
        with connect(address, additional_headers=headers, proxy=None, max_size=16_000_000) as socket:
            _print_all(socket, only, as_json)
    except ConnectionClosedOK:
        return
    except (WebSocketException, OSError) as problem:
        raise NotRunning(
            f"The stream of {job_id} ended: {problem}. `trawl jobs show {job_id}` tells how it is."
        ) from problem


def _print_all(socket: "Connection", only: frozenset[str], as_json: bool) -> None:
    import orjson

    from cli.console import out

    for message in socket:
        frame = orjson.loads(message)
        if not only or frame["type"] in only:
            if as_json:
                typer.echo(message)
            else:
                out().print(line(frame), markup=True, soft_wrap=True)
        if frame["type"] == "complete":
            return


def line(frame: Mapping[str, Any]) -> str:
    """A frame in one line of a terminal; what came from a page cannot colour it."""
    from cli.tables import safe

    kind, data = str(frame["type"]), frame["data"]
    match kind:
        case "record":
            shown = ", ".join(f"{name}={value}" for name, value in data["data"].items())
            return f"[green]record[/]   {safe(shown)}"
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
