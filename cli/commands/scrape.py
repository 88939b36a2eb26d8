"""`trawl scrape URL …`: one job from the command line, watched to its end."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, Data, Url

if TYPE_CHECKING:
    from rich.table import Table

    from cli.gateway import Gateway

_EXAMPLE = (
    "Example: trawl scrape https://books.toscrape.com/ --depth 3 --pages 50 --items article.product_pod "
    "--field 'title=h3 a::attr(title)' --field 'price=.price_color::text:price'"
)


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("scrape", epilog=_EXAMPLE)(scrape)


def scrape(
    urls: Annotated[list[str], typer.Argument(help="Where to begin; the links from there belong to it by --depth.")],
    items: Annotated[str | None, typer.Option(help="CSS selector of a repeated item: one record each.")] = None,
    field: Annotated[
        list[str] | None, typer.Option(help="name=css or name=css:type (text, number, price, date, url, list).")
    ] = None,
    key: Annotated[list[str] | None, typer.Option(help="A field that tells records apart.")] = None,
    depth: Annotated[int, typer.Option(min=0, help="Links from a start page; 0: the start pages alone.")] = 0,
    pages: Annotated[int, typer.Option(min=1, help="Pages visited at most.")] = 1000,
    delay: Annotated[float, typer.Option(min=0, help="Seconds between two visits to one host.")] = 1.0,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Visits at once to a host (with --delay 0).")] = 1,
    name: Annotated[
        str | None, typer.Option(help="The job's name; its records go to the dataset of that name.")
    ] = None,
    show: Annotated[int, typer.Option(min=0, help="Records shown (with --json: all are printed).")] = 20,
    as_json: AsJson = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """Scrape pages and show the records. Without fields a page gives its title, headings and text."""
    from cli.fields import extract
    from cli.gateway import Gateway

    job: dict[str, Any] = {
        "urls": urls,
        "options": {"max_depth": depth, "max_pages": pages, "delay": delay, "concurrency": concurrency},
        "extract": extract(items, field or [], key or []),
    }
    if name:
        job["name"] = name
    with Gateway.of(data, url) as gateway:
        job_id = gateway.scrape(job)["job_id"]
        follow(gateway, job_id, list(job["extract"].get("fields", ())), show, as_json)


def follow(gateway: "Gateway", job_id: str, fields: list[str], show: int, as_json: bool) -> None:
    """A job's newest run to its end, then its records and accounts. RunFailed unless it completed."""
    from cli.console import err, out
    from cli.errors import RunFailed
    from cli.follow import to_the_end
    from cli.tables import records

    ended = to_the_end(gateway, job_id, err())
    if as_json:
        import orjson

        for record in gateway.records(job_id, 10_000_000):
            typer.echo(orjson.dumps(record))
    else:
        found = [record["data"] for record in gateway.records(job_id, show)] if show else []
        if found:
            title = f"{len(found)} of {ended['counts']['stored']} records"
            out().print(records(found, title, out().width, fields))
        out().print(accounts(ended), highlight=False)
    if ended["status"] != "completed":
        why = [entry for entry in gateway.urls(job_id, None, 20) if entry["outcome"] != "fetched"]
        if why:
            err().print(unfetched(why))
        raise RunFailed(f"The run {ended['status']}. {ended['reason']}".strip())
    if ended["reason"]:
        err().print(ended["reason"], highlight=False)


def unfetched(urls: list[dict[str, Any]]) -> "Table":
    """URLs that were not fetched, each with what came between."""
    from cli.tables import plain, safe

    rows = [(safe(entry["url"]), entry["outcome"] or entry["state"], safe(entry["reason"])) for entry in urls]
    return plain(("not fetched", "outcome", "reason"), rows)


def accounts(job: dict[str, Any]) -> str:
    """A run's sums in one line."""
    counts = job["counts"]
    return (
        f"{counts['requested']} URLs = {counts['fetched']} fetched + {counts['failed']} failed + "
        f"{counts['filtered']} filtered; {counts['extracted']} records = {counts['stored']} stored + "
        f"{counts['rejected']} rejected + {counts['dropped']} left out. Job {job['job_id']}"
    )
