"""`trawl demo`: everything at work on a shop of its own."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cli.demonstration.outcome import Outcome

# Not by TRAWL_DATA: the demonstration must not find its way into somebody's own data.
DemoData = Annotated[
    Path | None,
    typer.Option("--data", help="Data folder [default: trawl-demo beside the usual one].", show_default=False),
]
Once = Annotated[bool, typer.Option("--once", help="End by itself; exit code 0 only if everything adds up.")]
Seed = Annotated[int | None, typer.Option(help="Which shop, which prices.", show_default="a fixed one")]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("demo", epilog="Example: trawl demo --once")(demo)


def demo(once: Once = False, data: DemoData = None, seed: Seed = None) -> None:
    """Crawl and watch a bundled shop.

    All 1,000 products once, then its deals while prices move; what is found is held against what was planted.
    Runs in a data folder of its own (with --once a temporary one) and may visit nothing but that shop. The last line of
    --once is JSON.
    """
    from cli.demonstration.command import remove, run, temporary_folder

    if not once:
        run(data, seed, once=False)
        typer.echo("Stopped. `trawl demo` shows it again, on the same data.", err=True)
        return
    folder = data or temporary_folder()
    try:
        outcome = run(folder, seed, once=True)
    except Exception:
        typer.echo(f"Data and logs are kept in {folder}.", err=True)
        raise
    if data is None and (outcome is None or outcome.holds):
        remove(folder)
    conclude(outcome, folder)


def conclude(outcome: "Outcome | None", folder: Path) -> None:
    """The last line, and the exit code."""
    import orjson

    from cli.errors import INTERRUPTED, RunFailed

    if outcome is None:
        raise typer.Exit(INTERRUPTED)
    problem = None
    if not outcome.holds:
        verdict = outcome.verdict
        found = f"{verdict.found} of {len(verdict.pairs)} planted events found, {len(verdict.others)} other alarms"
        problem = RunFailed(f"{'; '.join(outcome.wrong) or found}. Data and logs are kept in {folder}.")
        typer.echo(f"trawl: {problem}", err=True)
    typer.echo(orjson.dumps(outcome.figures.line()))
    if problem:
        raise typer.Exit(problem.exit_code)
