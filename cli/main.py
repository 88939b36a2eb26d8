"""The `trawl` command: its table of subcommands. Each imports what it needs when it runs, and nothing before."""

import sys

import typer

from cli.commands import (
    analyse,
    audit,
    control,
    demo,
    down,
    env,
    export,
    health,
    jobs,
    keys,
    letters,
    link,
    preview,
    processes,
    provision,
    records,
    replay,
    schedules,
    scrape,
    status,
    up,
    users,
    watch,
    why,
)
from cli.errors import INTERRUPTED
from cli.failure import explain, wants_traceback

app = typer.Typer(
    name="trawl",
    help="An event-streaming web scraper: Kafka in, clean records and live trends out, with accounts that add up.",
    epilog="Example: trawl demo",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help is there in half the time
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMMANDS = (
    up, down, status, demo, scrape, records, replay, preview, export, watch, why, control, letters, link, env, health,
    provision,
)  # fmt: skip
for command in _COMMANDS:
    command.register(app)
analyse.register(app)
audit.register(app)
keys.register(app)
jobs.register(app)
users.register(app)
schedules.register(app)
processes.register(app)


def main() -> None:
    """The console script: runs a subcommand; any error becomes a sentence and an exit code."""
    try:
        app(prog_name="trawl")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as problem:
        if wants_traceback():
            raise
        sentence, code = explain(problem)
        typer.echo(f"trawl: {sentence}", err=True)
        sys.exit(code)
