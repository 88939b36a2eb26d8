"""`trawl link`: a way in for whoever may read the data folder, without a password."""

import typer

from cli.options import Data


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("link", epilog="Example: trawl link")(link)


def link(data: Data = None) -> None:
    """Print a link that signs you in once.

    As the administrator, within ten minutes, in any browser that can reach the gateway.
    """
    import asyncio

    from cli.invitation import invitation
    from cli.options import load
    from cli.place import find

    place = find(data)
    typer.echo(asyncio.run(invitation(load(place.folder), place.endpoints())))
