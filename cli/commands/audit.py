"""`trawl audit verify|export|anchors`: whether the audit log is as it was written, and reading it."""

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, Data, Url

if TYPE_CHECKING:
    from infra.postgres.audit_verifier import Verified

Anchors = Annotated[
    list[Path] | None,
    typer.Option("--anchors", help="A file of anchors, such as a copy from elsewhere [default: the data folder's]."),
]

_group = typer.Typer(help="The audit log: whether it is as it was written, and reading it.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    _group.command("verify", epilog="Example: trawl audit verify --json")(verify)
    _group.command("export", epilog="Example: trawl audit export --since 2026-11-01 --format csv > november.csv")(
        export
    )
    _group.command("anchors", epilog="Example: trawl audit anchors --last 5")(anchors)
    app.add_typer(_group, name="audit", epilog="Example: trawl audit verify")


def verify(anchors: Anchors = None, as_json: AsJson = False, data: Data = None) -> None:
    """Walk the whole chain and name the first line that is not as it was sealed.

    Needs the database and no gateway. Exit code 1 when anything is broken; docs/audit.md says what each finding means.
    """
    import asyncio

    from cli.auditing import anchor_files, verified
    from cli.console import err
    from cli.options import load
    from cli.place import find

    settings = load(find(data).folder)
    with err().status("Reading the chain …") as shown:

        def told(what: str, done: int, total: int) -> None:
            shown.update(f"{what}: {done:,}" + (f" of {total:,}" if total else ""))

        found = asyncio.run(verified(settings, anchor_files(settings, anchors or []), told))
    _print_json(found) if as_json else _print(found)
    if found.broken:
        raise typer.Exit(1)


def _print_json(found: "Verified") -> None:
    from dataclasses import asdict

    import orjson

    head = found.status.head
    told: dict[str, Any] = {
        "whole": not found.broken,
        "lines": found.lines,
        "anchors": found.anchors,
        "waiting": found.status.waiting,
        "oldest_waiting_s": round(found.status.oldest_s, 3),
        "head": {"position": head.position, "hash": head.hash.hex(), "sealed_at": head.sealed_at} if head else None,
        "broken": found.broken,
        "first": asdict(found.first) if found.first else None,
        "findings": [asdict(finding) for finding in found.findings],
    }
    typer.echo(orjson.dumps(told).decode())


def _print(found: "Verified") -> None:
    from cli.console import err, out

    if found.overdue:
        err().print(f"{found.status.waiting} lines wait for a seal, the oldest for {found.status.oldest_s:.0f} s: "
                    "is a gateway running?")  # fmt: skip
    if found.first is None:
        out().print(f"Whole: {found.lines:,} sealed lines, {found.anchors:,} anchors, {found.status.waiting} waiting.")
        return
    out().print(f"Broken. First: {found.first.message}", markup=False, soft_wrap=True)
    for finding in found.findings:
        if finding is not found.first:
            out().print(f"  {finding.kind}: {finding.message}", markup=False, soft_wrap=True)
    if found.broken > len(found.findings):
        out().print(f"  and {found.broken - len(found.findings)} more.")


def anchors(
    last: Annotated[int, typer.Option(min=1, max=100_000, help="So many of the newest.")] = 10,
    anchors: Anchors = None,
    data: Data = None,
) -> None:
    """The newest heads that were written down outside the database, and whether the chain still holds them."""
    import asyncio

    from rich.table import Table

    from cli.auditing import anchor_files, held
    from cli.console import out
    from cli.options import load
    from cli.place import find
    from schemas.audit import Anchor

    settings = load(find(data).folder)
    for file in anchor_files(settings, anchors or []):
        newest = deque((one for one in file.read() if isinstance(one, Anchor)), maxlen=last)
        known = asyncio.run(held(settings, list(newest))) if newest else {}
        table = Table("at", "position", "hash", "in the chain", box=None)
        for one in newest:
            table.add_row(one.at, str(one.position), one.hash, "yes" if known.get(one.position) == one.hash else "NO")
        out().print(str(file.path), markup=False, soft_wrap=True)
        out().print(table if newest else "  has no anchors.")


def export(
    kind: Annotated[str, typer.Option("--format", help="ndjson or csv.")] = "ndjson",
    actor: Annotated[str | None, typer.Option(help="Only of this account or process.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this action.")] = None,
    thing: Annotated[str | None, typer.Option("--object", help="Only about this.")] = None,
    since: Annotated[str | None, typer.Option(help="From then on (2026-11-20 or with a time).")] = None,
    until: Annotated[str | None, typer.Option(help="Before then.")] = None,
    data: Data = None,
    url: Url = None,
) -> None:
    """Print the audit log, oldest line first; that this was done is in it too."""
    import sys

    from cli.gateway import Gateway
    from cli.moments import moment

    asked = {"format": kind, "actor": actor, "action": action, "object": thing,
             "from": moment(since), "to": moment(until)}  # fmt: skip
    with Gateway.of(data, url) as gateway:
        for piece in gateway.download("/api/v1/audit/export", asked):
            sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
