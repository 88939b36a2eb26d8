"""`trawl why JOB URL`: what became of one URL, from the link that led to it to its last visit."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from cli.options import AsJson, Data, Url


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("why", epilog="Example: trawl why 3e7c8f0a-… https://books.toscrape.com/catalogue/page-2.html")(why)


def why(
    job_id: Annotated[str, typer.Argument(help="The job's id, as `trawl jobs` shows it.")],
    page: Annotated[str, typer.Argument(metavar="URL", help="The page in question, however it is written.")],
    run: Annotated[str | None, typer.Option(help="A run of the job; the newest one by default.")] = None,
    as_json: AsJson = False,
    data: Data = None,
    url: Url = None,
) -> None:
    """Tell why a page was fetched, or was not.

    Where the page was found, which rule left it out, each visit with its status, what it waits for, how it ended.
    """
    from cli.console import out
    from cli.gateway import Gateway

    with Gateway.of(data, url) as gateway:
        answer = gateway.ask("GET", f"/api/v1/jobs/{job_id}/urls", params={"url": page, "run_id": run})
    if as_json:
        import orjson

        typer.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2))
        return
    for line in told(answer):
        out().print(line, soft_wrap=True, highlight=False)


def told(answer: dict[str, Any]) -> Iterator[str]:
    """The story in lines of a terminal; what came from a page cannot colour it."""
    from cli.tables import safe

    story, fate = answer["story"], (answer["urls"] or [None])[0]
    yield f"[bold]{safe(story['sentence'])}[/]"
    yield f"address    {safe(story['canonical'])}"
    if fate is not None:
        ended = fate["outcome"] or fate["state"]
        yield f"state      {safe(ended)}, {fate['depth']} links from a seed, found {fate['found_at']}"
    for step in story["found_on"]:
        yield f"found on   {safe(step['url'])}"
    for step in story["redirects"]:
        yield f"redirects  {safe(step['url'])} {step['status'] or ''} {safe(step['outcome'] or '')}"
    for visit in story["attempts"]:
        said = f"{visit['address']} {visit['status'] or ''} {visit['outcome']} {visit['reason']}"
        yield f"visit {visit['attempt']:<4} {visit['at']} {visit['elapsed_ms']:.0f} ms {safe(' '.join(said.split()))}"
    for sentence in story["waits_for"]:
        yield f"waits for  {safe(sentence)}"
    yield f"trace      {story['trace_id']}"
