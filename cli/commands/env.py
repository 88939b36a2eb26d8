"""`trawl env`: what runs here, as shell variables, so that examples and scripts need no configuration."""

import shlex

import typer

from cli.options import Data


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("env", epilog='Example: eval "$(trawl env)"')(env)


def env(data: Data = None) -> None:
    """Print addresses and key for the shell.

    TRAWL_URL, TRAWL_API_KEY and TRAWL_KAFKA of what runs on this machine; TRAWL_SHOP when that is the demo.
    """
    from cli.place import find

    place = find(data)
    endpoints = place.endpoints()
    found = {
        "TRAWL_URL": endpoints["gateway"].rstrip("/"),
        "TRAWL_API_KEY": place.key(),
        "TRAWL_KAFKA": endpoints["kafka"],
    }
    if "shop" in endpoints:
        found["TRAWL_SHOP"] = endpoints["shop"]
    for name, value in found.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
