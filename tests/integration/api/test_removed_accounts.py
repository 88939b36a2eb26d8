"""What goes on without an account that was removed or disabled, on a real PostgreSQL: nothing that reaches outside."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from infra.postgres.accounts import PostgresAccounts
from infra.postgres.credentials import SiteCredentials
from infra.postgres.dispatching import DispatchFrontier
from infra.postgres.jobs import PostgresJobs
from infra.postgres.mailbox import Mailbox
from infra.postgres.migrate import migrate
from infra.postgres.notifications import PostgresTellings
from infra.postgres.pool import Database
from infra.postgres.schedules import DueSchedules, PostgresSchedules
from infra.postgres.seeding import Seeding
from infra.postgres.users import PostgresUsers
from infra.postgres.webhooks import PostgresWebhooks
from infra.sealing import Seal
from producers.schedule.policy import decide
from producers.schedule.service import opening_of
from schemas.accounts import Act, User, UserChange
from schemas.credentials import SiteCredential, SiteSecret
from schemas.job import JobDescription
from schemas.ledger import Opening, Run
from schemas.limits import OwnerGone
from schemas.webhooks import Telling, Webhook
from tests.contract.api.test_accounts import act, someone
from tests.contract.api.test_jobs import next_run
from tests.contract.delivery.crawl import job, seed_of

HOURLY = {"interval": "1h", "overlap": "allow"}


@dataclass
class Office:
    """One database, and whoever works on it."""

    database: Database
    accounts: PostgresAccounts
    users: PostgresUsers
    jobs: PostgresJobs
    webhooks: PostgresWebhooks
    credentials: SiteCredentials
    tellings: PostgresTellings

    async def user(self) -> User:
        made = someone()
        assert await self.accounts.add_user(made, "a hash", act())
        return made

    async def opened(self, owner: str) -> tuple[Opening, Run]:
        """A job that runs, and is to run each hour."""
        described = JobDescription.model_validate({"url": "http://shop.test/", "name": "shop", "schedule": HOURLY})
        asked = Opening(
            run_id=str(uuid4()), job_id=str(uuid4()), owner=owner, name="shop", dataset="shop",
            description=described.model_dump(mode="json"), priority=0, max_pages=10,
        )  # fmt: skip
        return asked, await self.jobs.create(asked, act())

    async def hook(self, owner: str, room: int = 50) -> Webhook | str:
        wanted = Webhook(id=str(uuid4()), owner=owner, name="n", url="https://x.test/", host="x.test", events=["trend"])
        return await self.webhooks.add(wanted, "a secret", act(), room)

    async def secret(self, owner: str, name: str = "site", room: int = 200) -> SiteCredential | str:
        wanted = SiteCredential(id=str(uuid4()), owner=owner, name=name, kind="basic", host="shop.test")
        return await self.credentials.add(wanted, SiteSecret(secret="s"), act(), room)

    async def fires(self, job_id: str) -> str:
        """What becomes of a job's next time."""
        others = b"update schedules set next_at = 'infinity', due_at = 'infinity' where job_id <> %s"
        await self.database.fetch(others, (job_id,))
        at = datetime.now(UTC) - timedelta(seconds=1)
        await self.database.fetch("update schedules set next_at = %s, due_at = %s where job_id = %s", (at, at, job_id))
        (firing,) = await DueSchedules(self.database, decide, opening_of).step()
        return firing.why or firing.outcome

    async def rows(self, table: str, owner: str) -> int:
        query = f"select count(*)::int as n from {table} where owner = %s"
        return int((await self.database.fetch(query.encode(), (owner,)))[0]["n"])


@pytest.fixture
async def office(engines: Any) -> AsyncIterator[Office]:
    await migrate(engines.postgres_owner)
    seal = Seal(secrets.token_urlsafe(32))
    async with Database(engines.postgres, max_size=16) as database:
        await database.fetch("delete from schedules")
        yield Office(
            database,
            PostgresAccounts(database),
            PostgresUsers(database),
            PostgresJobs(database),
            PostgresWebhooks(database, seal),
            SiteCredentials(database, seal),
            PostgresTellings(database, Mailbox(seal)),
        )


async def test_a_removed_account_leaves_nothing_that_goes_on(office: Office) -> None:
    owner, other = (await office.user()).id, (await office.user()).id
    for each in (owner, other):
        assert isinstance(await office.hook(each), Webhook) and isinstance(await office.secret(each), SiteCredential)
    asked, run = await office.opened(owner)
    _, others = await office.opened(other)
    assert await office.users.remove(owner, act("user_removed")) == "removed"
    assert [await office.rows(table, owner) for table in ("webhooks", "credentials")] == [0, 0]
    assert [await office.rows(table, other) for table in ("webhooks", "credentials")] == [1, 1]
    ended, goes_on = await office.jobs.run(run.id), await office.jobs.run(others.id)
    assert ended and ended.cancelled_at and goes_on and goes_on.cancelled_at is None
    plans = PostgresSchedules(office.database)
    (mine,), (theirs,) = await plans.schedules(owner, None, 5), await plans.schedules(other, None, 5)
    assert mine.paused_at and theirs.paused_at is None
    with pytest.raises(OwnerGone):
        await office.jobs.start(next_run(asked), act(), force=True)
    assert await plans.resume(asked.job_id, act())
    assert await office.fires(asked.job_id) == "The account of the job's owner is not active."
    assert await office.hook(owner) == await office.secret(owner) == "ended"
    assert not await office.tellings.audiences([run.id])


async def test_a_run_that_is_opened_meanwhile_is_cancelled_or_refused(office: Office) -> None:
    for _ in range(5):
        owner = (await office.user()).id
        await asyncio.gather(
            *(office.opened(owner) for _ in range(4)),
            office.users.remove(owner, act("user_removed")),
            return_exceptions=True,
        )
        open_ones = await office.database.fetch(
            "select id from runs where owner = %s and state = 'queued' and cancelled_at is null", (owner,)
        )
        assert not open_ones and await office.accounts.user(owner) is None


async def test_of_a_disabled_account_nothing_is_started_or_told_until_it_is_active_again(office: Office) -> None:
    owner = (await office.user()).id
    asked, run = await office.opened(owner)
    hook = await office.hook(owner)
    assert isinstance(hook, Webhook)
    sent = str(uuid4())
    ping = Telling(id=sent, event_id=sent, target=hook.id, event="ping", job_id="", body="{}", webhook_id=hook.id)
    assert await office.webhooks.send(ping, act())
    assert (await office.tellings.audiences([run.id]))[run.id].webhooks == [hook]
    assert await office.users.change(owner, UserChange(status="disabled"), act()) == "changed"
    (waited,) = await office.webhooks.deliveries(hook.id, limit=5)
    assert waited.state == "dropped"
    assert not await office.tellings.audiences([run.id])
    assert await office.fires(asked.job_id) == "The account of the job's owner is not active."
    assert await office.rows("webhooks", owner) == 1, "it may come back"
    assert await office.users.change(owner, UserChange(status="active"), act()) == "changed"
    assert (await office.tellings.audiences([run.id]))[run.id].webhooks == [hook]
    assert await office.fires(asked.job_id) == "started"


async def test_who_is_no_account_goes_on(office: Office) -> None:
    asked, run = await office.opened("kafka")
    assert (await office.tellings.audiences([run.id]))[run.id].job_id == asked.job_id
    assert await office.fires(asked.job_id) == "started"


async def test_pages_are_handed_out_to_no_account_that_was_removed(office: Office) -> None:
    frontier, run_id = DispatchFrontier(office.database, None), str(uuid4())
    seeds = [seed_of(f"page{n}", f"{uuid4().hex[:8]}.test") for n in range(2)]
    assert await Seeding(office.database).open_outsiders(run_id, str(uuid4()), job(seeds[0].url), "q", seeds)
    for owner, issued in ((str(uuid4()), 0), ("kafka", 1)):
        await office.database.fetch("update runs set owner = %s, state = 'running' where id = %s", (owner, run_id))
        assert len(await frontier.reserve(run_id, {seeds[0].host: 1})) == issued
        await office.database.fetch("update run_hosts set ready_at = now() where run_id = %s", (run_id,))
    await office.database.fetch("update runs set state = 'cancelled' where id = %s", (run_id,))


async def test_limits_hold_however_many_are_added_at_once(office: Office) -> None:
    owner = (await office.user()).id
    hooks = await asyncio.gather(*(office.hook(owner, 3) for _ in range(12)))
    kept = await asyncio.gather(*(office.secret(owner, f"site {n}", 3) for n in range(12)))
    assert hooks.count("full") == kept.count("full") == 9
    assert [await office.rows(table, owner) for table in ("webhooks", "credentials")] == [3, 3]


async def test_an_account_that_may_do_more_by_now_stays_as_it_is(office: Office) -> None:
    user, said = await office.user(), act("user_changed")

    def still(now: User) -> bool:
        return now.role == "analyst"

    assert await office.users.change(user.id, UserChange(role="operator"), act(), None, still) == "changed"
    assert await office.users.change(user.id, UserChange(status="disabled"), said, None, still) == "overtaken"
    assert await office.users.remove(user.id, said, still) == "overtaken"
    found = await office.accounts.user(user.id)
    assert found and (found.role, found.status) == ("operator", "active")
    assert not await office.database.fetch("select 1 from audit where request_id = %s", (said.request_id,))
    assert await office.users.change(user.id, UserChange(role="viewer"), Act(actor="t", action="t")) == "changed"
