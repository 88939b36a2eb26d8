"""Waiting for what is still under way: runs that are not over, messages that nobody has acknowledged."""

import asyncio
import time
from collections.abc import Callable, Sequence

from cli.demonstration.warehouse import Warehouse
from cli.errors import RunFailed
from infra.kafka.lag import KafkaLag
from infra.postgres.jobs import PostgresJobs
from schemas.ledger import Run
from schemas.topics import CLEAN_RECORDS, TRENDS

_LOOK_EVERY = 0.3
_QUIET_FOR = 3.0
_PATIENCE = 120.0


async def ended(jobs: PostgresJobs, ids: Sequence[str], progress: Callable[[int], None]) -> list[Run]:
    """These runs once all are over. Raises RunFailed when none ends for two minutes."""
    done: dict[str, Run] = {}
    last_news = time.monotonic()
    while True:
        for run_id in ids:
            if run_id not in done:
                run = await jobs.run(run_id)
                if run is not None and not run.open:
                    done[run_id], last_news = run, time.monotonic()
        progress(len(done))
        if len(done) == len(ids):
            return [done[run_id] for run_id in ids]
        if time.monotonic() - last_news > _PATIENCE:
            raise RunFailed(
                f"{len(ids) - len(done)} runs are still open after {_PATIENCE:g} s; `trawl status` says more."
            )
        await asyncio.sleep(_LOOK_EVERY)


async def quiet(brokers: str, warehouse: Warehouse, dataset: str) -> None:
    """Returns when every clean record was watched and every trend stored: no group is behind on either topic, and the
    number of stored trends has not changed for three seconds. Raises RunFailed after two minutes."""
    begun = unchanged_since = time.monotonic()
    count = -1
    async with KafkaLag(brokers) as lag:
        while True:
            behind = [messages for _, topic, messages in await lag.lag() if topic in (CLEAN_RECORDS, TRENDS)]
            now, stored = time.monotonic(), await asyncio.to_thread(warehouse.trends, dataset)
            if sum(behind) or stored != count:
                count, unchanged_since = stored, now
            if now - unchanged_since >= _QUIET_FOR:
                return
            if now - begun > _PATIENCE:
                raise RunFailed(f"The streams are still {sum(behind)} messages behind after {_PATIENCE:g} s.")
            await asyncio.sleep(_LOOK_EVERY)
