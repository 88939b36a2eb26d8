"""`trawl down`: ends the `trawl up` of a data folder, and waits until it has drained."""

from typing import Annotated

import typer

from cli.options import Data


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("down", epilog="Example: trawl down")(down)


def down(
    data: Data = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for it to drain.")] = 120.0,
) -> None:
    """Stop what runs, and wait until it has drained.

    The running `trawl up` or `trawl demo` refuses new work, finishes what it began, commits and stops; engines last.
    """
    import os
    import signal
    import time

    from cli.console import err, out
    from cli.errors import CliError, NotRunning
    from cli.place import find

    place = find(data)
    if place.holder is None:
        raise NotRunning(f"Nothing runs on {place.folder}.")
    if place.holder.pid <= 0:
        raise CliError(f"{place.folder} is just being started; try again in a moment.")
    os.kill(place.holder.pid, signal.SIGTERM)
    until = time.monotonic() + wait
    with err().status(f"Process {place.holder.pid} finishes what it has begun …"):
        while find(place.folder).holder == place.holder:
            if time.monotonic() > until:
                raise CliError(f"Process {place.holder.pid} is still draining after {wait:g} s; it goes on by itself.")
            time.sleep(0.1)
    out().print(f"Stopped. Everything is in {place.folder}; `trawl up` continues unfinished runs.")
