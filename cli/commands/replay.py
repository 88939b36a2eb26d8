"""`trawl replay JOB`: changed rules over pages that were fetched before."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.options import AsJson, Data, Url

_EXAMPLE = (
    "Example: trawl replay 3e7c8f0a-… --match /product/ --items article.product "
    "--field 'sku=::attr(data-sku)' --field 'price=.price::text:price' --key sku"
)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("replay", epilog=_EXAMPLE)(replay)


def replay(
    job_id: Annotated[str, typer.Argument(help="The job's id, as `trawl jobs` shows it.")],
    run: Annotated[str | None, typer.Option(help="Pages of this crawl; by default the newest completed.")] = None,
    since: Annotated[str | None, typer.Option(help="Pages read from then on (2026-11-20 or with a time).")] = None,
    until: Annotated[str | None, typer.Option(help="Pages read up to then.")] = None,
    match: Annotated[str | None, typer.Option(help="Only pages in whose URL this pattern is found.")] = None,
    items: Annotated[str | None, typer.Option(help="CSS selector of a repeated item: one record each.")] = None,
    field: Annotated[
        list[str] | None, typer.Option(help="name=css or name=css:type (text, number, price, date, url, list).")
    ] = None,
    key: Annotated[list[str] | None, typer.Option(help="A field that tells records apart.")] = None,
    rules: Annotated[
        Path | None, typer.Option(help="JSON file with extract, and clean or filters where they change.")
    ] = None,
    show: Annotated[int, typer.Option(min=0, help="Records shown (with --json: all are printed).")] = 20,
    as_json: AsJson = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """Read pages that were fetched before by other rules, into a new revision of the dataset.

    Nothing is fetched, and the records that there are stay. Without rules of its own it is the job's that are used.
    Ctrl-C stops the watching and not the run.
    """
    from cli.commands.scrape import follow
    from cli.fields import changes
    from cli.gateway import Gateway
    from cli.moments import moment

    asked: dict[str, Any] = {"run_id": run, "since": moment(since), "until": moment(until), "match": match}
    body = {name: value for name, value in asked.items() if value is not None}
    body |= changes(items, field or [], key or [], rules)
    with Gateway.of(data, url) as gateway:
        gateway.ask("POST", f"/api/v1/jobs/{job_id}/replay", json=body)
        follow(gateway, job_id, list(body.get("extract", {}).get("fields", ())), show, as_json)
