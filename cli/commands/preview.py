"""`trawl preview JOB PAGE`: rules tried on one stored page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, Data, Url

if TYPE_CHECKING:
    from rich.table import Table

_EXAMPLE = (
    "Example: trawl preview 3e7c8f0a-… http://127.0.0.1:8090/product/plum-kettle/ "
    "--field 'name=h1::text' --field 'price=.price::text:price'"
)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("preview", epilog=_EXAMPLE)(preview)


def preview(
    job_id: Annotated[str, typer.Argument(help="The job's id, as `trawl jobs` shows it.")],
    page: Annotated[str, typer.Argument(help="URL of a page that a run of the job has fetched.")],
    items: Annotated[str | None, typer.Option(help="CSS selector of a repeated item: one record each.")] = None,
    field: Annotated[
        list[str] | None, typer.Option(help="name=css or name=css:type (text, number, price, date, url, list).")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(help="JSON file with extract, as `trawl replay --rules` takes it.")
    ] = None,
    show: Annotated[int, typer.Option(min=1, max=100, help="Records shown (with --json: all are printed).")] = 20,
    as_json: AsJson = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """Show what rules make of the newest stored copy of a page, before cleaning; nothing is fetched or kept.

    Without rules of its own it is the job's that are tried. Rules that cannot be used end it with 2, a page that is not
    kept or cannot be read with 1.
    """
    from cli.console import err, out
    from cli.errors import CliError, WrongUse
    from cli.fields import changes
    from cli.gateway import Gateway

    asked = changes(items, field or [], [], rules)
    body = {"url": page, **({"extract": asked["extract"]} if "extract" in asked else {})}
    with Gateway.of(data, url) as gateway:
        found: dict[str, Any] = gateway.ask("POST", f"/api/v1/jobs/{job_id}/preview", json=body)
    if as_json:
        import orjson

        typer.echo(orjson.dumps(found))
    elif found["records"]:
        fields = list(asked.get("extract", {}).get("fields", ()))
        out().print(_table(found["records"], show, out().width, fields))
    for note in found["notes"]:
        err().print(note, markup=False, highlight=False)
    if found["problems"]:
        raise WrongUse("\n".join(f"{problem['place']}: {problem['reason']}" for problem in found["problems"]))
    if found["reason"]:
        raise CliError(found["reason"])
    if not found["records"]:
        err().print("The rules find nothing on this page.", highlight=False)


def _table(found: list[dict[str, Any]], show: int, width: int, first: list[str]) -> "Table":
    """A line a record; a single one as a line a field, so that its values are seen whole."""
    from cli.tables import columns, plain, records, safe

    if len(found) > 1:
        return records(found[:show], f"{min(show, len(found))} of {len(found)} records", width, first)
    [record] = found
    return plain(("field", "value"), [(safe(name), safe(str(record[name]))) for name in columns(found, first)])
