"""Schedules and webhooks: the fakes of the unit tests and the real adapters keep the same promises."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from api.ports import Schedules, Webhooks
from infra.postgres.jobs import PostgresJobs
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.schedules import PostgresSchedules
from infra.postgres.webhooks import PostgresWebhooks
from infra.sealing import Seal
from schemas.accounts import Act
from schemas.job import JobDescription
from schemas.ledger import Opening
from schemas.webhooks import Telling, Webhook, new_secret
from tests.unit.api.fakes import FakeJobs
from tests.unit.api.schedules_fakes import FakeSchedules
from tests.unit.api.webhooks_fakes import FakeWebhooks

ACT = Act(actor="test", action="test")


@dataclass
class Both:
    jobs: Any
    schedules: Schedules
    webhooks: Webhooks

    async def a_job(self, owner: str, schedule: Any) -> str:
        described = JobDescription.model_validate({"url": "http://shop.test/", "schedule": schedule})
        opening = Opening(
            run_id=str(uuid4()), job_id=str(uuid4()), owner=owner, name="shop", dataset="shop",
            description=described.model_dump(mode="json"), priority=0, max_pages=10,
        )  # fmt: skip
        await self.jobs.create(opening, ACT)
        return opening.job_id


@pytest.fixture(params=["fake", "real"])
async def both(request: pytest.FixtureRequest) -> AsyncIterator[Both]:
    if request.param == "fake":
        jobs = FakeJobs()
        yield Both(jobs, FakeSchedules(jobs), FakeWebhooks())
        return
    engines = request.getfixturevalue("engines")
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres) as database:
        seal = Seal(secrets.token_urlsafe(32))
        yield Both(PostgresJobs(database), PostgresSchedules(database), PostgresWebhooks(database, seal))


async def test_a_schedule_follows_its_job_and_can_be_changed_paused_and_removed(both: Both) -> None:
    owner, store = f"owner {uuid4()}", both.schedules
    job = await both.a_job(owner, "0 3 * * *")
    known = await store.schedule(job)
    assert (
        known and known.owner == owner and known.recurrence.expression == "0 3 * * *" and known.due_at == known.next_at
    )
    wanted = {"cron": "0 4 * * *", "timezone": "Asia/Tokyo", "jitter": 30.0, "catch_up": "all", "overlap": "queue"}
    assert await store.put(job, wanted, ACT, 7) == "stale" and await store.schedule(job) == known
    assert await store.put(job, wanted, ACT, 1) is True
    known = await store.schedule(job)
    assert known and (known.recurrence.zone, known.jitter, known.catch_up, known.overlap) == (
        "Asia/Tokyo",
        30.0,
        "all",
        "queue",
    )
    assert known.due_at and known.next_at and known.due_at <= known.next_at
    assert not await store.resume(job, ACT)
    assert await store.pause(job, ACT) and not await store.pause(job, ACT)
    assert (known := await store.schedule(job)) and known.paused_at
    assert await store.resume(job, ACT)
    assert await store.put(job, None, ACT) and not await store.put(job, None, ACT)
    assert await store.schedule(job) is None and not await store.pause(job, ACT)
    assert not await store.put(str(uuid4()), wanted, ACT)
    assert await store.firings(job, limit=5) == []


async def test_schedules_come_in_the_order_of_their_next_time_piece_by_piece(both: Both) -> None:
    owner = f"owner {uuid4()}"
    jobs = [await both.a_job(owner, when) for when in ("0 3 1 1 *", {"interval": 3600}, {"at": "2020-01-01T00:00:00Z"})]
    whole = await both.schedules.schedules(owner, None, 10)
    assert [one.job_id for one in whole] == [jobs[1], jobs[0], jobs[2]] and whole[2].next_at is None
    found, after = [], None
    while piece := await both.schedules.schedules(owner, after, 1):
        found += [one.job_id for one in piece]
        after = (piece[-1].next_at, piece[-1].job_id)
    assert found == [one.job_id for one in whole]
    assert await both.schedules.schedules(str(uuid4()), None, 10) == []


def a_webhook(owner: str) -> Webhook:
    return Webhook(id=str(uuid4()), owner=owner, name="ops", url="https://x.test/", host="x.test", events=["trend"])


async def test_webhooks_are_kept_changed_and_removed(both: Both) -> None:
    owner, store = f"owner {uuid4()}", both.webhooks
    added = await store.add(a_webhook(owner), new_secret(), ACT, 50)
    assert (
        isinstance(added, Webhook)
        and added.created_at
        and await store.one(added.id) == added
        and await store.all(owner) == [added]
    )
    assert await store.known(owner, [added.id]) and await store.known(owner, [])
    assert not await store.known(owner, [added.id, str(uuid4())]) and not await store.known(str(uuid4()), [added.id])
    off = await store.change(replace(added, name="other", kinds=["shift"]), False, ACT)
    assert off and off.name == "other" and off.disabled_at and off.disabled_why
    on = await store.change(off, True, ACT)
    assert on and on.disabled_at is None and on.disabled_why == "" and on.kinds == ["shift"]
    rotated = await store.rotate(on, new_secret(), 60.0, ACT)
    assert rotated and rotated.previous_until and rotated.previous_until > datetime.now(UTC)
    assert await store.remove(added.id, ACT) and not await store.remove(added.id, ACT)
    assert await store.one(added.id) is None and await store.change(on, True, ACT) is None
    assert await store.rotate(on, new_secret(), 60.0, ACT) is None


async def test_deliveries_are_listed_and_sent_again_by_their_webhook_alone(both: Both) -> None:
    store = both.webhooks
    hook, other = [a_webhook(f"owner {uuid4()}") for _ in range(2)]
    for each in (hook, other):
        assert isinstance(await store.add(each, new_secret(), ACT, 50), Webhook)

    def ping(target: Webhook) -> Telling:
        sent = str(uuid4())
        return Telling(
            id=sent, event_id=sent, target=target.id, event="ping", job_id="", body="{}", webhook_id=target.id
        )

    sent = [await store.send(ping(hook), ACT) for _ in range(3)]
    assert all(one and one.state == "pending" and one.event == "ping" for one in sent)
    found, before = [], None
    while piece := await store.deliveries(hook.id, before=before, limit=2):
        found += [one.id for one in piece]
        before = (piece[-1].created_at, piece[-1].id)
    assert sorted(found) == sorted(one.id for one in sent if one)
    assert (
        await store.deliveries(other.id, limit=5) == []
        and await store.deliveries(hook.id, state="failed", limit=5) == []
    )
    assert [one.id for one in await store.deliveries(hook.id, delivery_id=found[0], limit=5)] == found[:1]
    assert await store.again(hook.id, found[0], ACT) is None, "it is on its way"
    assert await store.again(other.id, found[0], ACT) is None
    assert await store.change(hook, False, ACT)
    assert await store.send(ping(hook), ACT) is None
    assert await store.send(ping(a_webhook("nobody")), ACT) is None
