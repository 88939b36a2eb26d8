"""What people see of the demonstration: progress while it goes, tables when it is done."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.demonstration.descriptions import FIELDS
from cli.demonstration.outcome import Outcome
from cli.errors import RunFailed
from cli.tables import aligned, plain, records
from infra.postgres.jobs import PostgresJobs
from schemas.ledger import Run

_LOOK_EVERY = 0.1
_PATIENCE = 120.0


class Show:
    """Progress on a terminal, a line for each part elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def stage(self, what: str) -> None:
        """Something without a measure begins."""
        self._console.print(f"[cyan]…[/cyan] {what}")

    @contextmanager
    def counting(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        """Something with a measure goes on; the caller says how far it is."""
        columns = (SpinnerColumn(), TextColumn(f"{what:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.update(task, completed=done)
        self._console.print(f"[green]✓[/green] {what}")

    async def crawling(self, jobs: PostgresJobs, run_id: str, pages: int) -> Run:
        """The run, once it is over. Raises RunFailed when nothing moves for two minutes."""
        last, news = None, time.monotonic()
        with self.counting("Crawling the whole shop", pages) as progress:
            while True:
                run = await jobs.run(run_id)
                if run is None:
                    raise RunFailed(f"The run {run_id} is gone.")
                if not run.open:
                    return run
                if run != last:
                    last, news = run, time.monotonic()
                    progress(run.counts.fetched + run.counts.failed)
                elif time.monotonic() - news > _PATIENCE:
                    raise RunFailed(
                        f"The crawl does not move: {run.state}, {run.counts.fetched} of {run.counts.requested} pages "
                        f"fetched, {run.counts.stored} of {run.counts.extracted} records stored."
                    )
                await asyncio.sleep(_LOOK_EVERY)

    def tell(self, outcome: Outcome) -> None:
        """The records, the trends beside what was planted, the figures, and whatever does not add up."""
        self._console.print(records(outcome.sample, "Some of the shop's records", self._console.width, FIELDS))
        self._console.print(_trends(outcome))
        self._console.print(_figures(outcome))
        for sentence in outcome.wrong:
            self._console.print(f"[red]✗ {sentence}[/red]")
        if not outcome.wrong:
            self._console.print(
                "[green]✓[/green] Every sum closes: per run, between PostgreSQL, ClickHouse and the site."
            )


def _trends(outcome: Outcome) -> object:
    rows = []
    for event, alarm in outcome.verdict.pairs:
        found = f"[green]{alarm.kind} {alarm.direction}, visit {alarm.visit}[/]" if alarm else "[red]not found[/]"
        planted = f"{event.before:.2f} → {event.after:.2f}"
        rows.append((event.sku, event.kind, planted, f"visit {event.visit}", found))
    for other in outcome.verdict.others:
        rows.append((other.sku, "–", "nothing", "–", f"[yellow]{other.kind} {other.direction}, visit {other.visit}[/]"))
    return plain(("product", "planted", "price", "from", "found"), rows, "Price changes planted and found")


def _figures(outcome: Outcome) -> object:
    figures = outcome.figures
    seconds = figures.crawl_seconds
    rate = f"{figures.crawl_pages / seconds:,.0f} pages/s"
    rows = [
        ("crawl of the shop", f"{figures.crawl_pages:,} pages in {seconds:.1f} s: {rate}"),
        ("all records", f"{figures.records:,} stored, {figures.crawl_records / seconds:,.0f} records/s while crawling"),
        ("in ClickHouse", f"{figures.records_in_clickhouse:,} rows, each id once"),
        ("request to row", f"{figures.p50:,.0f} ms half of the time, {figures.p95:,.0f} ms at the 95th percentile"),
        ("trends", f"{figures.trends_found} of {figures.trends_planted} found, {figures.false_trends} false"),
        ("in all", f"{figures.seconds:.0f} s"),
    ]  # fmt: skip
    return aligned(rows)
