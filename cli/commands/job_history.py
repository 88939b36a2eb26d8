"""`trawl jobs versions|clone|logs|runs`: a job as it was, a copy of it, what happened to it."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, Data, Url

if TYPE_CHECKING:
    from cli.gateway import Gateway

JobId = Annotated[str, typer.Argument(help="The job's id, as `trawl jobs` shows it.")]

_COLOURS = {"info": "white", "warning": "yellow", "error": "red"}


def register(group: typer.Typer) -> None:
    """Adds the commands to the group of `trawl jobs`."""
    group.command(epilog="Example: trawl jobs versions 3e7c8f0a-… --restore 2")(versions)
    group.command(epilog="Example: trawl jobs clone 3e7c8f0a-… --name second")(clone)
    group.command(epilog="Example: trawl jobs logs 3e7c8f0a-… --level warning")(logs)
    group.command(epilog="Example: trawl jobs runs 3e7c8f0a-…")(runs)


def versions(
    job_id: JobId,
    restore: Annotated[int | None, typer.Option(min=1, help="Make this version the newest one again.")] = None,
    as_json: AsJson = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """List every description that a job has had, or take changes back."""
    from cli.console import out
    from cli.gateway import Gateway
    from cli.tables import plain, safe

    with Gateway.of(data, url) as gateway:
        if restore is not None:
            job = gateway.ask("POST", f"/api/v1/jobs/{job_id}/versions/{restore}/restore")
            return _said(f"Version {job['version']} is version {restore} again.")
        found = gateway.ask("GET", f"/api/v1/jobs/{job_id}/versions", params={"limit": 1000})["versions"]
    if as_json:
        return _as_json(found)
    rows = [
        (str(each["version"]), safe(each["name"]), safe(each["dataset"]), each["made_at"][:19].replace("T", " "))
        for each in found
    ]
    out().print(plain(("version", "name", "dataset", "made (UTC)"), rows))
    return None


def clone(
    job_id: JobId,
    name: Annotated[str | None, typer.Option(help="The copy's name.")] = None,
    start: Annotated[bool, typer.Option("--start", help="Start it at once.")] = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """Make a job with the same description."""
    from cli.gateway import Gateway

    with Gateway.of(data, url) as gateway:
        made = gateway.ask("POST", f"/api/v1/jobs/{job_id}/clone", json={"name": name} if name else {})
        if start:
            gateway.start(made["job_id"])
    _said(f"{made['job_id']} is a copy{' and runs' if start else ''}.")


def logs(
    job_id: JobId,
    level: Annotated[str, typer.Option(help="info, warning or error, and above.")] = "info",
    run: Annotated[str | None, typer.Option(help="A run of the job; the newest by default.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Lines at most, oldest first.")] = 200,
    as_json: AsJson = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """Show what happened: visits, changes of state, what people did."""
    from cli.console import out
    from cli.gateway import Gateway
    from cli.tables import safe

    with Gateway.of(data, url) as gateway:
        found = _lines(gateway, job_id, {"level": level, "run_id": run}, limit)
    if as_json:
        return _as_json(found)
    for line in found:
        colour = _COLOURS.get(line["level"], "white")
        out().print(f"{line['at'][11:23]} [{colour}]{line['level']:7}[/] {safe(line['message'])}", soft_wrap=True)
    return None


def runs(job_id: JobId, as_json: AsJson = False, data: Data = None, url: Url = None) -> None:
    """List a job's runs, the newest first."""
    from cli.console import out
    from cli.gateway import Gateway
    from cli.tables import plain

    with Gateway.of(data, url) as gateway:
        found = gateway.ask("GET", f"/api/v1/jobs/{job_id}/runs", params={"limit": 50})["runs"]
    if as_json:
        return _as_json(found)
    rows = [
        (
            each["run_id"],
            each["status"],
            "-" if each["duration_seconds"] is None else f"{each['duration_seconds']:.1f} s",
            str(each["records_processed"]),
            str(each["errors"]),
            each["created_at"][5:16].replace("T", " "),
        )
        for each in found
    ]
    out().print(plain(("run", "status", "took", "records", "errors", "made (UTC)"), rows, whole=(0, 5)))
    return None


def _lines(gateway: "Gateway", job_id: str, params: dict[str, str | None], limit: int) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    cursor = None
    while len(found) < limit:
        asked = {**params, "limit": min(1000, limit - len(found)), "cursor": cursor}
        page = gateway.ask("GET", f"/api/v1/jobs/{job_id}/logs", params=asked)
        found += page["logs"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    return found


def _said(sentence: str) -> None:
    from cli.console import out

    out().print(sentence)


def _as_json(value: object) -> None:
    import orjson

    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2))
