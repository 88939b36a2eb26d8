"""`trawl health`: one question with a yes or no, for containers and scripts."""

import os

import typer

from cli.options import Data, Url


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("health", epilog="Example: trawl health && echo well")(health)


def health(data: Data = None, url: Url = None) -> None:
    """Say whether all is well (exit code 0 or 3).

    In a container: whether its process is ready.
    """
    from pathlib import Path

    file = os.environ.get("TRAWL_READY_FILE")
    if file and not url:
        from cli.readiness import told

        typer.echo(f"ready: {told(Path(file))}")
        return
    from cli.errors import NotRunning
    from cli.gateway import Gateway

    with Gateway.of(data, url) as gateway:
        said = gateway.health()
    if said["status"] != "healthy":
        raise NotRunning(f"The gateway says it is {said['status']}; `trawl status` tells what is wrong.")
    typer.echo(said["status"])
