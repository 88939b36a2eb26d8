"""The demonstration itself: crawl the shop once, watch its deals, wait until all is quiet, judge."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cli.demonstration import descriptions
from cli.demonstration.accounts import Stored, differences, open_sums
from cli.demonstration.figures import Figures
from cli.demonstration.outcome import Outcome
from cli.demonstration.settling import ended, quiet
from cli.demonstration.show import Show
from cli.demonstration.site import Site
from cli.demonstration.verdict import Alarm, Planted, Verdict, judge
from cli.demonstration.warehouse import Warehouse
from cli.demonstration.watching import Watched, watch
from cli.gateway import Gateway
from cli.local import Standing
from cli.place import CLI_KEY
from infra.local.folder import DataFolder
from infra.postgres.jobs import PostgresJobs
from infra.postgres.pool import Database
from schemas.ledger import Run

TIMES = 120
EVERY = 0.5


@dataclass(frozen=True, kw_only=True)
class _Seen:
    crawl: Run
    crawl_seconds: float
    watched: Watched
    runs: list[Run]
    datasets: tuple[str, str]


async def demonstrate(standing: Standing, site: Site, show: Show) -> Outcome:
    """The whole of it. Raises CliError when it cannot go on; what does not add up in the end is told, not raised."""
    begun = time.monotonic()
    warehouse = Warehouse(standing.endpoints["clickhouse"])
    with Gateway(
        standing.endpoints["gateway"],
        DataFolder(standing.folder).secret_file(CLI_KEY).read_text().strip(),
        certificate=standing.endpoints.get("certificate"),
    ) as gateway:
        async with Database(standing.endpoints["postgres"], max_size=2, application_name="trawl-demo") as database:
            before = await site.truth()
            seen = await _act(gateway, warehouse, PostgresJobs(database), site, show, len(before["deals"]))
        show.stage("Waiting until nothing is on its way")
        await quiet(standing.endpoints["kafka"], warehouse, seen.datasets[1])
        return await asyncio.to_thread(_judge, gateway, warehouse, seen, await site.truth(), begun)


async def _act(gateway: Gateway, warehouse: Warehouse, jobs: PostgresJobs, site: Site, show: Show, rows: int) -> _Seen:
    suffix = _suffix(await asyncio.to_thread(warehouse.datasets))
    shop = descriptions.shop(site.url, suffix)
    deals = descriptions.deals(site.url, suffix)
    begun = time.monotonic()
    asked = await asyncio.to_thread(gateway.scrape, shop)
    crawl = await show.crawling(jobs, asked["run_id"], site.pages)
    crawl_seconds = time.monotonic() - begun
    with show.counting("Watching its deals", TIMES) as progress:
        watched = await watch(gateway, warehouse, deals, times=TIMES, every=EVERY, rows=rows, progress=progress)
    with show.counting("Closing the accounts", TIMES) as progress:
        runs = await ended(jobs, list(watched.asked), progress)
    return _Seen(crawl=crawl, crawl_seconds=crawl_seconds, watched=watched, runs=runs,
                 datasets=(shop["dataset"], deals["dataset"]))  # fmt: skip


def _suffix(present: set[str]) -> str:
    """A later demonstration in the same folder gets datasets of its own: its prices are another story."""
    number = 1
    while {descriptions.SHOP + _numbered(number), descriptions.DEALS + _numbered(number)} & present:
        number += 1
    return _numbered(number)


def _numbered(number: int) -> str:
    return "" if number == 1 else f"-{number}"


def _judge(gateway: Gateway, warehouse: Warehouse, seen: _Seen, truth: Mapping[str, Any], begun: float) -> Outcome:
    shop, deals = seen.datasets
    job_id = seen.watched.job_id
    stored = [warehouse.stored(shop, seen.crawl.job_id), warehouse.stored(deals, job_id)]
    # The crawl of the whole shop asked for the deals page once too: it belongs to the shop, not to the watching.
    served = {shop: len(truth["products"]), deals: len(truth["deals"]) * (truth["visits"] - 1)}
    verdict = judge(_planted(truth), _alarms(gateway, warehouse, deals, job_id))
    runs = [seen.crawl, *seen.runs]
    sample = [record["data"] for record in gateway.records(seen.crawl.job_id, 8)]
    return Outcome(
        figures=_figures(seen, stored, verdict, time.monotonic() - begun),
        verdict=verdict,
        wrong=(*open_sums(runs), *differences(stored, runs, served)),
        sample=sample,
    )


def _planted(truth: Mapping[str, Any]) -> list[Planted]:
    return [
        Planted(sku=event["sku"], kind=event["kind"], visit=event["visit"], before=event["from_price"],
                after=event["to_price"])
        for event in truth["planted"]
    ]  # fmt: skip


def _alarms(gateway: Gateway, warehouse: Warehouse, dataset: str, job_id: str) -> list[Alarm]:
    visits = warehouse.visits(dataset, job_id)
    return [
        Alarm(sku=trend["record_key"], field=trend["field"], visit=visits[trend["run_id"]], kind=trend["kind"],
              direction=trend["direction"], change=trend["change"])
        for trend in gateway.trends(job_id)
        if trend["phase"] == "began"
    ]  # fmt: skip


def _figures(seen: _Seen, stored: list[Stored], verdict: Verdict, seconds: float) -> Figures:
    runs = [seen.crawl, *seen.runs]
    return Figures(
        pages=sum(run.counts.fetched for run in runs),
        records=sum(run.counts.stored for run in runs),
        records_in_clickhouse=sum(entry.rows for entry in stored),
        trends_planted=len(verdict.pairs),
        trends_found=verdict.found,
        false_trends=len(verdict.others),
        seconds=seconds,
        crawl_pages=seen.crawl.counts.fetched,
        crawl_records=seen.crawl.counts.stored,
        crawl_seconds=seen.crawl_seconds,
        request_to_row=tuple(1000 * latency for latency in seen.watched.latency.values()),
    )
