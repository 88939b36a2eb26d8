"""`trawl provision`: topics, tables and the first account on servers of one's own. `up` does the same by itself."""

import typer

from cli.options import Data


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        "provision",
        epilog="Example: TRAWL_KAFKA=kafka:9092 TRAWL_POSTGRES_OWNER=… TRAWL_CLICKHOUSE=… trawl provision",
        rich_help_panel="Processes, one at a time",
    )(provision)


def provision(data: Data = None) -> None:
    """Create topics, tables, the first account.

    Also this command line's key. Only what does not exist; `trawl up` does the same by itself.
    """
    import asyncio

    from cli.console import err, out
    from cli.options import load
    from cli.provision import provision as prepare

    done = asyncio.run(prepare(load(data), lambda step: err().print(f"… {step}")))
    out().print(f"{len(done.topics)} topics and {len(done.migrations)} migrations were new.")
    if done.password:
        out().print(f"Administrator: admin, password {done.password} (shown once, now)", soft_wrap=True)
