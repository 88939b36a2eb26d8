"""`trawl status`: what runs, what does not, and why."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from cli.options import AsJson, Data

if TYPE_CHECKING:
    from cli.place import Place

_COLOURS = {"ready": "green", "down": "red", "crashed": "yellow", "starting": "cyan", "waiting": "cyan"}


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("status", epilog="Example: trawl status --json")(status)


def status(data: Data = None, as_json: AsJson = False) -> None:
    """Show what runs, what does not, and why.

    Each process with what it says of itself, and the gateway's health. Exit code 3 when anything is not well.
    """
    from cli.errors import NotRunning
    from cli.place import find

    place = find(data)
    if place.holder is None:
        raise NotRunning(f"Nothing runs on {place.folder}; start it with `trawl up`.")
    told = place.status()
    processes: Mapping[str, Mapping[str, Any]] = told.get("processes") or {}  # type: ignore[assignment]
    health, problem = _health(place)
    if as_json:
        import orjson

        typer.echo(orjson.dumps({"supervisor": told, "health": health}, option=orjson.OPT_INDENT_2))
    else:
        _show(place, told, processes, health)
    unwell = [name for name, entry in processes.items() if entry["state"] != "ready"]
    if problem or unwell:
        raise NotRunning(problem or f"Not ready: {', '.join(unwell)}. Logs are in {place.folder}/logs.")


def _health(place: "Place") -> tuple[dict[str, Any], str]:
    from cli.errors import CliError
    from cli.gateway import Gateway

    try:
        endpoints = place.endpoints()
        with Gateway(endpoints["gateway"], "", timeout=15, certificate=endpoints.get("certificate")) as gateway:
            told = gateway.health()
    except CliError as problem:
        return {}, str(problem)
    return told, "" if told.get("status") == "healthy" else f"The gateway says it is {told.get('status')}."


def _show(
    place: "Place", told: Mapping[str, Any], processes: Mapping[str, Mapping[str, Any]], health: dict[str, Any]
) -> None:
    from cli.console import out
    from cli.tables import plain, safe

    rows = [
        (
            name,
            f"[{_COLOURS.get(entry['state'], 'white')}]{entry['state']}[/]",
            entry["pid"] or "",
            entry["restarts"] or "",
            safe(entry["why"] or entry.get("status", "")),
        )
        for name, entry in processes.items()
    ]
    out().print(safe(f"{place.folder}: held by {place.holder}"))
    out().print(plain(("process", "state", "pid", "restarts", "why"), rows))
    for name, entry in (health.get("dependencies") or {}).items():
        out().print(dependency(name, entry))


def dependency(name: str, entry: Mapping[str, Any]) -> str:
    """A store in one line, as the gateway tells of it."""
    from cli.tables import safe

    colour = "green" if entry["status"] == "up" else "red"
    return f"  {safe(name)}: [{colour}]{safe(entry['status'])}[/] {safe(entry['why'])}".rstrip()
