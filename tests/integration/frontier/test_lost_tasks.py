"""Tasks that nobody can be working on any more are issued again, under a new attempt; others are not."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from infra.postgres.leases import Leases
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.reserving import HOPELESS_S, INHERITED_S, LAPSED_S
from schemas.frontier import Issued
from tests.contract.delivery.crawl import RealCrawl, page
from tests.engines import Engines


@pytest.fixture
async def database(engines: Engines) -> AsyncIterator[Database]:
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres) as database:
        yield database


class Issue:
    """One task, published, at a host of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.crawl = RealCrawl(database)
        self.host = f"{uuid4().hex}.test"
        self.run_id = ""
        self.task: Issued | None = None

    async def publish(self) -> Issued:
        self.run_id = await self.crawl.open("a", host=self.host)
        (self.task,) = await self.crawl.frontier.reserve(self.run_id, {self.host: 1})
        await self.crawl.frontier.mark_published([self.task])
        return self.task

    async def aged(self, seconds: float) -> None:
        """So long ago it was issued."""
        await self.database.fetch(
            "update frontier set issued_at = now() - make_interval(secs => %s) where run_id = %s",
            (seconds, self.run_id),
        )

    async def again(self) -> list[Issued]:
        """What of this run is issued again now."""
        return [task for task in await self.crawl.frontier.reissue_overdue() if task.run_id == self.run_id]


async def test_without_a_lease_a_task_is_lost_soon(database: Database) -> None:
    issue = Issue(database)
    task = await issue.publish()
    assert await issue.again() == [], "a fetcher may be about to take the lease"
    await issue.aged(LAPSED_S + 1)
    (again,) = await issue.again()
    assert (again.url_fp, again.attempt) == (task.url_fp, task.attempt + 1)
    assert again in await issue.crawl.frontier.unpublished(0.0)
    await issue.crawl.frontier.mark_published([again])
    assert await issue.again() == [], "its age begins anew"


async def test_under_its_lease_a_task_is_not_lost(database: Database) -> None:
    issue = Issue(database)
    await Leases(database, "owner", 60.0).acquire([issue.host])
    await issue.publish()
    await database.fetch(
        "update hosts set acquired_at = now() - make_interval(secs => 60) where host = %s", (issue.host,)
    )
    await issue.aged(INHERITED_S + 5)
    assert await issue.again() == []


async def test_a_task_of_the_lease_before_is_lost(database: Database) -> None:
    issue = Issue(database)
    await issue.publish()
    await issue.aged(INHERITED_S + 1)
    await Leases(database, "heir", 60.0).acquire([issue.host])
    assert len(await issue.again()) == 1


async def test_a_task_older_than_any_exchange_is_lost(database: Database) -> None:
    issue = Issue(database)
    await Leases(database, "owner", 60.0).acquire([issue.host])
    await issue.publish()
    await database.fetch(
        "update hosts set acquired_at = now() - make_interval(secs => %s) where host = %s",
        (HOPELESS_S + 60, issue.host),
    )
    await issue.aged(HOPELESS_S + 1)
    assert len(await issue.again()) == 1


async def test_what_is_done_or_not_published_is_left_alone(database: Database) -> None:
    done, unpublished = Issue(database), Issue(database)
    await done.crawl.ledger.close([page(await done.publish())])
    await done.aged(HOPELESS_S + 1)
    await unpublished.publish()
    await database.fetch("update frontier set published = false where run_id = %s", (unpublished.run_id,))
    await unpublished.aged(HOPELESS_S + 1)
    assert await done.again() == []
    assert await unpublished.again() == [], "it goes out again as it is"
