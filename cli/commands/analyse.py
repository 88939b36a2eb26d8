"""`trawl analyse …`: questions about many records at once, as tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.options import AsJson, Data, Url

_EPILOG = "Example: trawl analyse query shop --by domain --measure avg:price --order=-avg_price"

Dataset = Annotated[str, typer.Argument(help="The dataset, as `trawl jobs` shows it.")]
Where = Annotated[
    list[str] | None, typer.Option(help="A field, one of = != < <= > >=, and a number, date, true, false or text.")
]
Since = Annotated[str | None, typer.Option(help="Only records fetched from then on: 2026-01-31.")]
Until = Annotated[str | None, typer.Option(help="Only records fetched before then.")]
Fields = Annotated[list[str] | None, typer.Option("--field", help="A field; the most frequent ones by default.")]
Interval = Annotated[str | None, typer.Option(help="minute, hour, day, week or month.")]


def register(app: typer.Typer) -> None:
    """Adds the group."""
    group = typer.Typer(
        help="Ask about many records at once.", epilog=_EPILOG, no_args_is_help=True, rich_markup_mode=None
    )
    group.command("query", epilog=_EPILOG)(query)
    group.command("statistics", epilog="Example: trawl analyse statistics shop --field price")(statistics)
    group.command("correlations", epilog="Example: trawl analyse correlations shop --field price --field rating")(
        correlations
    )
    group.command("forecast", epilog="Example: trawl analyse forecast shop --measure avg:price --horizon 7")(forecast)
    app.add_typer(group, name="analyse")


def query(
    dataset: Dataset,
    by: Annotated[list[str] | None, typer.Option(help="A field, domain, job_id, run_id or revision.")] = None,
    measure: Annotated[list[str] | None, typer.Option(help="count, or a function and a field: avg:price.")] = None,
    interval: Interval = None,
    order: Annotated[list[str] | None, typer.Option(help="A column; --order=-count: the greatest first.")] = None,
    where: Where = None,
    since: Since = None,
    until: Until = None,
    show: Annotated[int, typer.Option(min=1, max=10_000, help="Rows at most.")] = 50,
    as_json: AsJson = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """Show records in groups, and what is measured of each."""
    body: dict[str, Any] = {"group_by": by, "interval": interval, "order": order, "limit": show}
    body["measures"] = [_measure(text) for text in measure or ()] or None
    told = _asked("query", _records(dataset, where, since, until) | body, data, url)
    names = [column["name"] for column in told["columns"]]
    more = f" of {told['total']:,}" if told["cut"] else ""
    rows = [dict(zip(names, row, strict=True)) for row in told["rows"]]
    _shown(told, [(f"{len(rows):,}{more} groups", rows)], as_json)


def statistics(
    dataset: Dataset,
    field: Fields = None,
    where: Where = None,
    since: Since = None,
    until: Until = None,
    as_json: AsJson = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """Show what each field is like."""
    told = _asked("statistics", _records(dataset, where, since, until) | {"fields": field}, data, url)
    numbers = [
        {name: value for name, value in one.items() if name not in ("fences", "histogram")} for one in told["numbers"]
    ]
    texts = [
        one | {"top": [f"{word['value']} ({word['count']:,})" for word in one["top"] or ()]} for one in told["texts"]
    ]
    _shown(told, [("numbers", numbers), ("booleans", told["flags"]), ("texts", texts)], as_json)


def correlations(
    dataset: Dataset,
    field: Fields = None,
    where: Where = None,
    since: Since = None,
    until: Until = None,
    as_json: AsJson = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """Show how numbers go together, each coefficient with its interval."""
    told = _asked("correlations", _records(dataset, where, since, until) | {"fields": field}, data, url)
    rows = [
        {"fields": " × ".join(pair["fields"]), "n": pair["n"], "pearson": _between(pair["pearson"]),
         "spearman": _between(pair["spearman"]), "note": pair["note"]}
        for pair in told["pairs"]
    ]  # fmt: skip
    _shown(told, [(f"{told['examined']:,} of {told['records']:,} records", rows)], as_json)


def forecast(
    dataset: Dataset,
    measure: Annotated[str, typer.Option(help="count, or a function and a field: avg:price.")] = "count",
    interval: Interval = "day",
    horizon: Annotated[int, typer.Option(min=1, max=200, help="How many buckets are to come.")] = 14,
    level: Annotated[float, typer.Option(min=0.5, max=0.99, help="How often the range is to hold.")] = 0.9,
    where: Where = None,
    since: Since = None,
    until: Until = None,
    as_json: AsJson = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """Show how a measure goes on."""
    body = {"measure": _measure(measure), "interval": interval, "horizon": horizon, "level": level}
    told = _asked("forecast", _records(dataset, where, since, until) | body, data, url)
    _shown(told, [(f"{told['method']}, {told['level']:.0%} ranges", told["forecast"])], as_json)


def _records(dataset: str, where: list[str] | None, since: str | None, until: str | None) -> dict[str, Any]:
    return {"dataset": dataset, "where": where, "since": since, "until": until}


def _measure(text: str) -> dict[str, str]:
    function, _, field = text.partition(":")
    return {"fn": function, "field": field} if field else {"fn": function}


def _asked(what: str, body: Mapping[str, Any], data: Path | None, url: str | None) -> dict[str, Any]:
    from cli.gateway import Gateway

    given = {name: value for name, value in body.items() if value not in (None, [])}
    with Gateway.of(data, url) as gateway:
        return dict(gateway.ask("POST", f"/api/v1/analytics/{what}", json=given))


def _between(coefficient: Mapping[str, float | None]) -> str:
    value, low, high = (coefficient[name] for name in ("value", "low", "high"))
    if value is None:
        return ""
    return f"{value:.2f}" if low is None or high is None else f"{value:.2f} ({low:.2f} to {high:.2f})"


def _shown(told: Mapping[str, Any], tables: list[tuple[str, list[dict[str, Any]]]], as_json: bool) -> None:
    from cli.console import out
    from cli.tables import records, safe

    if as_json:
        import orjson

        typer.echo(orjson.dumps(told))
        return
    for title, rows in tables:
        if rows:
            out().print(records(rows, title, out().width))
    if not any(rows for _, rows in tables):
        out().print("No such records.")
    for note in told["notes"]:
        out().print(safe(note))
