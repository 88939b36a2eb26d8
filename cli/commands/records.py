"""`trawl records JOB …`: a job's records, chosen and sorted by their fields."""

from typing import Annotated

import typer

from cli.options import AsJson, Data, Url

_EXAMPLE = "Example: trawl records 3e7c8f0a-… --where 'price>=10' --where in_stock=true --sort=-added"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("records", epilog=_EXAMPLE)(show_records)


def show_records(
    job_id: Annotated[str, typer.Argument(help="The job's id, as `trawl jobs` shows it.")],
    where: Annotated[
        list[str] | None,
        typer.Option(help="A field, one of = != < <= > >=, and a number, date, true, false or short text."),
    ] = None,
    sort: Annotated[
        str | None, typer.Option(help="A field of numbers, dates or booleans; --sort=-price: the greatest first.")
    ] = None,
    run: Annotated[str | None, typer.Option(help="A run of the job; the newest one by default.")] = None,
    show: Annotated[int, typer.Option(min=1, help="Records at most.")] = 20,
    as_json: AsJson = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """Show a job's records, in the order of their key unless --sort says otherwise."""
    from cli.console import out
    from cli.gateway import Gateway
    from cli.tables import records

    with Gateway.of(data, url) as gateway:
        found = list(gateway.records(job_id, show, run_id=run, where=where or None, sort=sort))
    if as_json:
        import orjson

        for record in found:
            typer.echo(orjson.dumps(record))
    elif found:
        out().print(records([record["data"] for record in found], f"{len(found)} records", out().width))
    else:
        out().print("No such records.")
