"""`trawl dead-letters list|show|replay`: what the stages could not use, and sending it again."""

from typing import Annotated

import typer

from cli.options import Data, Url

LetterId = Annotated[str, typer.Argument(help="The letter's id, as `trawl dead-letters list` shows it.")]

_group = typer.Typer(help="Look at messages that no stage could use, and send one again.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    _group.command("list", epilog="Example: trawl dead-letters list --stage cleaning")(show_all)
    _group.command("show", epilog="Example: trawl dead-letters show 3e7c8f0a-…")(show)
    _group.command("replay", epilog="Example: trawl dead-letters replay 3e7c8f0a-…")(replay)
    app.add_typer(_group, name="dead-letters", epilog="Example: trawl dead-letters list")


def show_all(
    topic: Annotated[str | None, typer.Option(help="Only of this topic.")] = None,
    stage: Annotated[str | None, typer.Option(help="Only of this stage.")] = None,
    code: Annotated[str | None, typer.Option(help="Only with this code.")] = None,
    run: Annotated[str | None, typer.Option(help="Only of this run.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, newest first.")] = 20,
    data: Data = None,
    url: Url = None,
) -> None:
    """The newest dead letters: where each stood, and why nobody could use it."""
    from rich.table import Table

    from cli.console import out
    from cli.gateway import Gateway

    asked = {"topic": topic, "stage": stage, "code": code, "run_id": run, "limit": limit}
    with Gateway.of(data, url) as gateway:
        letters = gateway.ask("GET", "/api/v1/dead-letters", params=asked)["letters"]
    if not letters:
        out().print("There are no dead letters.")
        return
    table = Table("id", "at", "stage", "place", "code", "reason", box=None)
    for letter in letters:
        place = f"{letter['topic']}/{letter['partition']}/{letter['offset']}"
        table.add_row(letter["id"], letter["at"], letter["stage"], place, letter["code"], letter["reason"][:200])
    out().print(table)


def show(letter_id: LetterId, data: Data = None, url: Url = None) -> None:
    """One letter: its place, its reason, and the original bytes."""
    from cli.console import out
    from cli.gateway import Gateway

    with Gateway.of(data, url) as gateway:
        letter = gateway.ask("GET", f"/api/v1/dead-letters/{letter_id}")
    value = letter.pop("value")
    for name, said in letter.items():
        out().print(f"{name}: {said}", markup=False, highlight=False)
    out().print(value, markup=False, highlight=False, soft_wrap=True)


def replay(letter_id: LetterId, data: Data = None, url: Url = None) -> None:
    """Send the original bytes to their topic again: once, however often you ask.

    Do it when what was in the way is gone. A letter of a single record is no message; replay its run instead.
    """
    from cli.console import out
    from cli.gateway import Gateway

    with Gateway.of(data, url) as gateway:
        done = gateway.ask("POST", f"/api/v1/dead-letters/{letter_id}/replay")
    sent = "It is in" if done["sent"] else "It was sent before; it is in"
    out().print(f"{sent} {done['topic']} again since {done['replayed_at']}.")
