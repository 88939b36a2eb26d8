"""`trawl export JOB FORMAT`: a run as one file, on this machine."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import Data, Url

if TYPE_CHECKING:
    from cli.gateway import Gateway

_EXAMPLE = "Example: trawl export 3e7c8f0a-… epub -o docs.epub"
_LOOK_EVERY_S = 0.5


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("export", epilog=_EXAMPLE)(export)


def export(
    job_id: Annotated[str, typer.Argument(help="The job's id, as `trawl jobs` shows it.")],
    format: Annotated[str, typer.Argument(help="markdown, html, json, ndjson, csv, xlsx, xml, epub or zip.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File or folder; by default a file here, named by the job.")
    ] = None,
    run: Annotated[str | None, typer.Option(help="Of this run; by default of the newest that is over.")] = None,
    bom: Annotated[bool, typer.Option("--bom", help="CSV: begin with a byte order mark, for Excel.")] = False,
    html: Annotated[bool, typer.Option("--html", help="ZIP: its pages are HTML and not Markdown.")] = False,
    where: Annotated[
        list[str] | None, typer.Option(help="Only records of which this is true, as of `trawl records`: price>=10.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Only what was scraped from then on (RFC 3339).")] = None,
    until: Annotated[str | None, typer.Option(help="Only what was scraped before then.")] = None,
    compress: Annotated[bool, typer.Option("--compress", help="As gzip.")] = False,
    lock: Annotated[bool, typer.Option("--lock", help="In a ZIP with a password, which is asked for.")] = False,
    email: Annotated[bool, typer.Option("--email", help="Tell your account's address when it is there.")] = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """Make a file of a run's records, and download it.

    The file is whole or it is not there: what arrives is held against its SHA-256 before it gets its name.
    """
    from cli.console import out
    from cli.gateway import Gateway
    from cli.tables import safe

    asked = {
        "format": format, "bom": bom, "pages": "html" if html else "markdown", "run_id": run, "where": where or [],
        "since": since, "until": until, "compress": compress, "password": _password() if lock else None, "email": email,
    }  # fmt: skip
    with Gateway.of(data, url) as gateway:
        made = _made(gateway, gateway.ask("POST", f"/api/v1/exports/{job_id}/convert", json=asked))
        target = Path(made["filename"]) if output is None else output
        if target.is_dir():
            target /= made["filename"]
        _download(gateway, made, target)
    out().print(f"{safe(str(target))}: {made['records']} records, {made['size_bytes']} bytes.")


def _password() -> str:
    """Never an argument: those can be read by whoever is on this machine."""
    return str(typer.prompt("Password of the file (12 characters or more)", hide_input=True, confirmation_prompt=True))


def _made(gateway: "Gateway", export: dict[str, Any]) -> dict[str, Any]:
    """Waits until it is made; Refused where it cannot be."""
    from cli.console import out
    from cli.errors import Refused

    with out().status(f"Making {export['filename']} …"):
        while export["status"] in ("queued", "running"):
            time.sleep(_LOOK_EVERY_S)
            export = gateway.ask("GET", f"/api/v1/exports/conversions/{export['conversion_id']}")
    if export["status"] == "failed":
        raise Refused(f"The export was not made: {export['error']}")
    return export


def _download(gateway: "Gateway", export: dict[str, Any], target: Path) -> None:
    """Beside its place, and there when its digest is right."""
    import hashlib

    from rich.progress import Progress

    from cli.console import out
    from cli.errors import Refused

    beside, digest = target.with_name(f".{target.name}.part"), hashlib.sha256()
    try:
        with beside.open("wb") as file, Progress(console=out(), transient=True) as progress:
            task = progress.add_task("Downloading", total=export["size_bytes"])
            for piece in gateway.download(export["download_url"], {}):
                digest.update(piece)
                file.write(piece)
                progress.update(task, advance=len(piece))
        if digest.hexdigest() != export["sha256"]:
            raise Refused("What arrived is not what was made: its SHA-256 differs. Try once more.")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
