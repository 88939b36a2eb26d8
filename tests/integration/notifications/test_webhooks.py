"""Webhooks from the event to a real HTTP server that refuses, drops, delays and redirects."""

import asyncio
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from infra.http.connections import PoolLimits
from infra.http.exchange import HttpFetcher, HttpSettings
from infra.kafka.provision import provision
from infra.kafka.publisher import Publisher
from infra.postgres.mailbox import Mailbox
from infra.postgres.migrate import migrate
from infra.postgres.notifications import MAILS_AN_HOUR, PostgresDeliveries, PostgresTellings
from infra.postgres.pool import Database
from infra.postgres.webhooks import PostgresWebhooks
from infra.sealing import Seal
from schemas.accounts import Act
from schemas.delivery import Delivery
from schemas.events import RunEvent
from schemas.message import Message
from schemas.webhooks import Telling, Webhook, new_secret, signed_headers
from streams.notifications.choosing import digest_mail
from streams.notifications.stage import Notifying
from streams.notifications.webhooks import AT_ONCE, SHARES, WebhookSender
from tests.engines import Engines

SEAL_KEY = secrets.token_urlsafe(32)
SEAL = Seal(SEAL_KEY)
SECRET = new_secret()
ACT = Act(actor="test", action="webhook_added")


@dataclass
class Receiver:
    """Keeps what it is sent; `answers` are what it says to the next ones instead of 200."""

    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: int = 0
    most_at_once: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            headers = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
            raw = dict(line.split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
            body = await reader.readexactly(int(headers["content-length"]))
            self.heard.append(({name.lower(): value for name, value in raw.items()}, body))
            answer = self.answers.pop(0) if self.answers else "200"
            self.reached.set()
            if answer == "wait":
                await self.go_on.wait()
                answer = "200"
            if answer.isdigit():
                place = f"Location: {self.url}/elsewhere\r\n" if answer.startswith("3") else ""
                await asyncio.sleep(0.01)
                writer.write(f"HTTP/1.1 {answer} X\r\n{place}Content-Length: 2\r\nConnection: close\r\n\r\nok".encode())
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.at_once -= 1
            writer.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        found.go_on.set()
        server.close()


@pytest.fixture
async def database(engines: Engines) -> AsyncIterator[Database]:
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres, max_size=16) as opened:
        await opened.fetch("delete from webhooks")
        await opened.fetch("delete from deliveries")
        await opened.fetch("delete from mails")
        yield opened


async def a_webhook(database: Database, url: str, owner: str = "o1", **change: Any) -> Webhook:
    host = url.split("/")[2]
    wanted = Webhook(id=str(uuid4()), owner=owner, name="ops", url=url, host=host, events=["run.failed"], **change)
    added = await PostgresWebhooks(database, SEAL).add(wanted, SECRET, ACT, 10_000)
    assert isinstance(added, Webhook)
    await database.fetch("update webhooks set created_at = '2020-01-01', proven = true where id = %s", (added.id,))
    return added


async def a_run(database: Database, owner: str = "o1", notifications: dict[str, Any] | None = None) -> str:
    job, run = str(uuid4()), str(uuid4())
    await database.fetch(
        "insert into jobs (id, owner, name, dataset, description) values (%s, %s, 'shop', 'd', %s)",
        (job, owner, Jsonb({"notifications": notifications or {}})),
    )
    await database.fetch(
        "insert into runs (id, job_id, owner, dataset, description) values (%s, %s, %s, 'd', '{}')", (run, job, owner)
    )
    return run


def failed(run: str, number: int = 0) -> RunEvent:
    return RunEvent(id=f"{run} {number}", run_id=run, job_id="", dataset="d", kind="state", state="failed",
                    at=datetime.now(UTC).isoformat(), reason="no page was fetched")  # fmt: skip


def deliveries(*events: RunEvent) -> list[Delivery]:
    return [Delivery(Message("run-events", 0, number, None, b""), event) for number, event in enumerate(events)]


def stage(database: Database) -> Notifying:
    return Notifying(PostgresTellings(database, Mailbox(SEAL)))


def sender(database: Database, fetcher: HttpFetcher, patience: float = 3600.0) -> WebhookSender:
    return WebhookSender(PostgresDeliveries(database, SEAL, Mailbox(SEAL), patience), fetcher, chance=lambda: 0.5)


async def all_turns(one: WebhookSender) -> None:
    while await one.turn():
        pass


async def due_now(database: Database) -> None:
    await database.fetch("update webhooks set rest_until = null")
    await database.fetch("update deliveries set next_try = now() where state = 'pending'")


@pytest.fixture
async def fetcher(receiver: Receiver) -> AsyncIterator[HttpFetcher]:
    settings = HttpSettings(user_agent="test", pool=PoolLimits(per_host=AT_ONCE))  # several hosts are one server here
    async with HttpFetcher([f"127.0.0.1:{receiver.port}"], settings) as opened:
        yield opened


async def test_an_event_goes_out_once_signed_however_often_it_comes(
    database: Database, receiver: Receiver, fetcher: HttpFetcher
) -> None:
    hook, run = await a_webhook(database, receiver.url), await a_run(database)
    await a_webhook(database, receiver.url, owner="somebody else")
    notifying = stage(database)
    for _ in range(2):
        await notifying.handle(deliveries(failed(run), failed(run)))
    await asyncio.gather(*(notifying.handle(deliveries(failed(run))) for _ in range(4)))
    await asyncio.gather(*(all_turns(sender(database, fetcher)) for _ in range(3)))
    ((headers, body),) = receiver.heard
    (delivery,) = await PostgresWebhooks(database, SEAL).deliveries(hook.id, limit=5)
    assert delivery.state == "delivered" and delivery.attempts[0]["status"] == 200 and delivery.tries == 1
    signed = dict(signed_headers([SECRET], headers["webhook-id"], int(headers["webhook-timestamp"]), body))
    assert headers["webhook-id"] == delivery.id and headers["webhook-signature"] == signed["webhook-signature"]
    assert b"no page was fetched" in body and headers["content-type"] == "application/json"


async def test_each_failure_is_logged_and_tried_again_under_the_same_id(
    database: Database, receiver: Receiver, fetcher: HttpFetcher
) -> None:
    hook, run = await a_webhook(database, receiver.url), await a_run(database)
    store = PostgresWebhooks(database, SEAL)
    await stage(database).handle(deliveries(failed(run)))
    receiver.answers = ["500", "302", "vanish", "404"]
    one = sender(database, fetcher)
    for _ in range(5):
        await all_turns(one)
        await all_turns(one)
        await due_now(database)
    (delivery,) = await store.deliveries(hook.id, limit=5)
    assert [attempt["status"] for attempt in delivery.attempts] == [500, 302, None, 404, 200]
    assert "redirects are not followed" in delivery.attempts[1]["why"] and delivery.attempts[2]["why"]
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1 and len(receiver.heard) == 5
    rotated = await store.rotate(hook, new_secret(), 3600, ACT)
    assert rotated and rotated.previous_until
    assert await store.again(hook.id, delivery.id, ACT)
    await all_turns(one)
    headers, body = receiver.heard[-1]
    new, old = headers["webhook-signature"].split(" ")
    assert (
        old == dict(signed_headers([SECRET], delivery.id, int(headers["webhook-timestamp"]), body))["webhook-signature"]
    )
    assert new != old


async def test_after_eight_tries_or_days_of_failures_it_is_over(
    database: Database, receiver: Receiver, fetcher: HttpFetcher
) -> None:
    owner = str(uuid4())
    await database.fetch(
        "insert into users (id, username, email, password_hash) values (%s, %s, %s, '')",
        (owner, owner, f"{owner}@example.com"),
    )
    hook, run = await a_webhook(database, receiver.url, owner), await a_run(database, owner)
    store, receiver.answers = PostgresWebhooks(database, SEAL), ["500"] * 8
    await stage(database).handle(deliveries(failed(run)))
    one = sender(database, fetcher)
    for _ in range(10):
        await all_turns(one)
        await due_now(database)
    (delivery,) = await store.deliveries(hook.id, limit=5)
    assert delivery.state == "failed" and delivery.tries == len(receiver.heard) == 8
    kept = await store.one(hook.id)
    assert kept and kept.failing_since and kept.disabled_at is None
    await stage(database).handle(deliveries(failed(run, 1), failed(run, 2)))
    receiver.answers = ["500", "500"]
    await all_turns(sender(database, fetcher, patience=0.0))
    kept = await store.one(hook.id)
    assert kept and kept.disabled_at and "failed for" in kept.disabled_why
    mails = await database.fetch("select recipient, kind from mails")
    assert [(mail["recipient"], mail["kind"]) for mail in mails] == [(f"{owner}@example.com", "webhook_disabled")]
    await stage(database).handle(deliveries(failed(run, 3)))
    assert {one.state for one in await store.deliveries(hook.id, limit=9)} <= {"failed", "dropped"}
    gone = await a_webhook(database, receiver.url, owner)
    receiver.answers = ["410"]
    await stage(database).handle(deliveries(failed(run, 4)))
    await all_turns(one)
    found = await store.one(gone.id)
    assert found and found.disabled_at and "410" in found.disabled_why


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://169.254.169.254/latest"]
)
async def test_private_addresses_are_refused_at_each_try(database: Database, receiver: Receiver, url: str) -> None:
    hook, run = await a_webhook(database, url.format(port=receiver.port)), await a_run(database)
    await stage(database).handle(deliveries(failed(run)))
    async with HttpFetcher() as guarded:
        await all_turns(sender(database, guarded))
    (delivery,) = await PostgresWebhooks(database, SEAL).deliveries(hook.id, limit=5)
    assert delivery.state == "pending" and "only public addresses" in delivery.attempts[0]["why"]
    assert not receiver.heard


async def test_a_slow_host_holds_up_nobody_else_and_has_three_of_an_owner_at_a_time(
    database: Database, receiver: Receiver, fetcher: HttpFetcher
) -> None:
    await a_webhook(database, receiver.url)
    run = await a_run(database)
    await stage(database).handle(deliveries(*(failed(run, number) for number in range(20))))
    receiver.answers = ["wait"] * 3
    one = sender(database, fetcher)
    assert await one.turn()
    await receiver.reached.wait()
    await a_webhook(database, receiver.url, owner="o2")
    await database.fetch("update webhooks set host = 'another' where owner = 'o2'")
    await stage(database).handle(deliveries(failed(await a_run(database, "o2"))))
    receiver.answers = []
    while len(receiver.heard) < 4:
        await one.turn()
    assert receiver.most_at_once == 4, "three of the slow host and the other one"
    receiver.go_on.set()
    await all_turns(one)
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == len(receiver.heard) == 21


async def test_the_silent_webhooks_of_one_owner_leave_places_to_another(
    database: Database, receiver: Receiver, fetcher: HttpFetcher
) -> None:
    """Twelve endpoints on hosts of their own, a hundred posts each: more than a sender has places, and than it would
    look at in the order of their times."""
    for number in range(12):
        hook = await a_webhook(database, receiver.url)
        await database.fetch("update webhooks set host = %s where id = %s", (f"host-{number}", hook.id))
    run = await a_run(database)
    await stage(database).handle(deliveries(*(failed(run, number) for number in range(100))))
    await database.fetch("update deliveries set next_try = now() - interval '1 hour'")
    receiver.answers = ["wait"] * AT_ONCE
    one = sender(database, fetcher)
    while await one.turn() and len(receiver.heard) < SHARES.of_owner:
        pass
    other = await a_webhook(database, receiver.url, owner="o2")
    await stage(database).handle(deliveries(failed(await a_run(database, "o2"))))
    receiver.answers = []
    async with asyncio.timeout(60):
        await one.turn()
        while (await PostgresWebhooks(database, SEAL).deliveries(other.id, limit=1))[0].state != "delivered":
            await one.turn()
    assert receiver.at_once == SHARES.of_owner, "the silent ones are silent still"
    receiver.go_on.set()
    await one.drain(10)


async def test_the_silent_new_webhooks_of_many_owners_leave_places_to_who_has_well_ones(
    database: Database, receiver: Receiver, fetcher: HttpFetcher
) -> None:
    owners = [f"new-{number}" for number in range(4)]
    for owner in owners:
        for number in range(SHARES.of_owner):
            hook = await a_webhook(database, receiver.url, owner)
            await database.fetch("update webhooks set host = %s where id = %s", (f"{owner}-{number}", hook.id))
        await stage(database).handle(deliveries(failed(await a_run(database, owner))))
    await database.fetch("update webhooks set proven = false")
    well = await a_webhook(database, receiver.url, owner="well")
    receiver.answers = ["wait"] * AT_ONCE
    one = sender(database, fetcher)
    while await one.turn() and len(receiver.heard) < SHARES.of_doubtful:
        pass
    await stage(database).handle(deliveries(failed(await a_run(database, "well"))))
    receiver.answers = []
    async with asyncio.timeout(60):
        while (await PostgresWebhooks(database, SEAL).deliveries(well.id, limit=1))[0].state != "delivered":
            await one.turn()
    assert receiver.at_once == SHARES.of_doubtful, "the new ones are silent still"
    receiver.go_on.set()
    await all_turns(one)
    assert len(receiver.heard) == AT_ONCE + 1
    proven = await database.fetch("select distinct proven from webhooks")
    assert [row["proven"] for row in proven] == [True]
    await PostgresWebhooks(database, SEAL).change(replace(well, url=f"{receiver.url}/elsewhere"), True, ACT)
    proven = await database.fetch("select proven from webhooks where id = %s", (well.id,))
    assert [row["proven"] for row in proven] == [False], "another address is to prove itself"


async def test_an_endpoint_that_fails_rests_and_is_then_tried_with_one_post(
    database: Database, receiver: Receiver, fetcher: HttpFetcher
) -> None:
    hook, run = await a_webhook(database, receiver.url), await a_run(database)
    await stage(database).handle(deliveries(*(failed(run, number) for number in range(20))))
    receiver.answers = ["500"] * 4
    one = sender(database, fetcher)
    await all_turns(one)
    assert len(receiver.heard) == 3, "then nothing, though seventeen wait"
    (rests,) = await database.fetch(
        "select failures, extract(epoch from rest_until - now())::float8 as s from webhooks where id = %s", (hook.id,)
    )
    assert rests["failures"] == 1 and 3 < rests["s"] <= 5.5
    await due_now(database)
    await all_turns(one)
    assert len(receiver.heard) == 4, "one to see whether it is well"
    (twice,) = await database.fetch(
        "select failures, extract(epoch from rest_until - now())::float8 as s from webhooks where id = %s", (hook.id,)
    )
    assert twice["failures"] == 2 and 8 < twice["s"] <= 11
    assert await PostgresWebhooks(database, SEAL).send(
        Telling(
            id=str(uuid4()), event_id="ping", target=hook.id, event="ping", body="{}", webhook_id=hook.id, job_id=""
        ),
        ACT,
    ), "its owner asks for it now"
    await all_turns(one)
    assert len(receiver.heard) == 4 + 19 + 1, "well again: all that is due"


async def test_mails_are_bounded_and_the_rest_is_summed_up_once(database: Database) -> None:
    run = await a_run(database, "o3", {"on_failure": ["ops@example.com", "dev@example.com"]})
    notifying, tellings = stage(database), PostgresTellings(database, Mailbox(SEAL))
    events = [failed(run, number) for number in range(MAILS_AN_HOUR + 5)]
    await asyncio.gather(*(notifying.handle(deliveries(*events[part::3])) for part in range(3)))
    kinds = await database.fetch("select kind, count(*)::int as n from mails group by kind")
    assert {row["kind"]: row["n"] for row in kinds} == {"run_failed": 2 * MAILS_AN_HOUR}
    assert not await tellings.sum_up(digest_mail), "not before an hour is over"
    await asyncio.gather(*(tellings.sum_up(digest_mail, 0.0) for _ in range(6)))
    while await tellings.sum_up(digest_mail, 0.0):
        pass
    kinds = await database.fetch("select kind, count(*)::int as n from mails group by kind")
    assert {row["kind"]: row["n"] for row in kinds} == {"run_failed": 2 * MAILS_AN_HOUR, "digest": 2}


async def test_the_process_tells_what_kafka_tells_also_when_it_is_killed(
    engines: Engines, database: Database, receiver: Receiver
) -> None:
    await provision(engines.kafka)
    hook, run = await a_webhook(database, receiver.url), await a_run(database)
    environ = engines.environ | {
        "PATH": "/usr/bin:/bin", "TRAWL_SECRET_SEAL_KEY": SEAL_KEY, "TRAWL_WEBHOOK_ALLOW": f"127.0.0.1:{receiver.port}",
    }  # fmt: skip

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "cli", "notifications"], env=environ, stderr=subprocess.DEVNULL)

    receiver.answers = ["wait"]
    process = start()
    try:
        async with Publisher(engines.kafka, "test") as publisher:
            await publisher.send_all([failed(run)])
        async with asyncio.timeout(120):
            await receiver.reached.wait()
        process.kill()
        process.wait(60)
        await due_now(database)
        process = start()
        for _ in range(2400):
            found = await PostgresWebhooks(database, SEAL).deliveries(hook.id, limit=5)
            if found and found[0].state == "delivered":
                break
            await asyncio.sleep(0.05)
    finally:
        process.terminate()
        assert process.wait(120) == 0
    assert len(found) == 1 and found[0].state == "delivered"
    assert [headers["webhook-id"] for headers, _ in receiver.heard] == [found[0].id] * 2
