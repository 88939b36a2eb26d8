"""The stores of the delivery rules, each as the fake of the model and as the real adapter: the same promises."""

from collections.abc import AsyncIterator, Iterator
from random import Random
from typing import Any

import pytest

from infra.clickhouse.migrate import migrate as migrate_clickhouse
from infra.clickhouse.row_store import RowStore
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from tests.contract.delivery.crawl import Crawl, MemoryCrawl, RealCrawl
from tests.fakes.warehouse import MemoryRows


@pytest.fixture(params=["fake", "real"])
async def crawl(request: pytest.FixtureRequest) -> AsyncIterator[Crawl]:
    """One kind of frontier after the other."""
    if request.param == "fake":
        yield MemoryCrawl()
        return
    engines = request.getfixturevalue("engines")
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres, max_size=16) as database:
        yield RealCrawl(database)


@pytest.fixture(params=["fake", "real"])
def rows(request: pytest.FixtureRequest) -> Iterator[Any]:
    """One kind of row store after the other."""
    if request.param == "fake":
        fake = MemoryRows(Random(1))
        fake.faulty = False
        yield fake
        return
    engines = request.getfixturevalue("engines")
    migrate_clickhouse(engines.clickhouse)
    yield RowStore(engines.clickhouse)
