"""Who is told that a file is made: once, in the transaction that ends it; and what is kept of its password."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import orjson
import pytest

from infra.errors import StoreRefused
from infra.postgres.export_news import ExportMails
from infra.postgres.jobs import PostgresJobs
from infra.postgres.mailbox import Outgoing
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.postgres.resealing import Resealing
from infra.postgres.webhooks import PostgresWebhooks
from infra.sealing import Seal
from schemas.accounts import Act
from schemas.exports import Export, ExportAsked
from schemas.mail import WaitingMail
from schemas.webhooks import Webhook
from tests.contract.api.test_accounts import act
from tests.contract.api.test_jobs import opening
from tests.integration.exports.keeping import HOME, SEAL, SEAL_KEY, exports_of, work_of

PASSWORD = "a horse, 4 batteries & a staple"


@pytest.fixture
async def database(engines: Any) -> AsyncIterator[Database]:
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres, max_size=8) as found:
        await found.fetch("delete from exports")
        await found.fetch("delete from mails")
        yield found


async def account(database: Database, email: str | None) -> str:
    user = str(uuid4())
    await database.fetch(
        "insert into users (id, username, password_hash, email) values (%s, %s, '', %s)", (user, f"u {user}", email)
    )
    return user


async def completed(database: Database, owner: str) -> str:
    run = await PostgresJobs(database).create(opening(owner=owner), act())
    await database.fetch("update runs set state = 'completed', finished_at = now() where id = %s", (run.id,))
    return run.job_id


async def hook(database: Database, owner: str, *events: str) -> str:
    found = Webhook(id=str(uuid4()), owner=owner, name="n", url="https://x.test/", host="x.test", events=list(events))
    assert isinstance(await PostgresWebhooks(database, SEAL).add(found, "s", act(), 50), Webhook)
    return found.id


async def ask(database: Database, job: str, user: str, **more: Any) -> Export:
    asked = ExportAsked(job_id=job, run_id=None, format="csv", mail=True, **more)
    found = await exports_of(database).ask(asked, 9, 10**9, Act(actor=user, action="export_asked"))
    assert isinstance(found, Export), found
    return found


async def end(database: Database, *, why: str = "") -> Export:
    work = work_of(database)
    taken = await work.take()
    assert taken is not None
    if why:
        assert await work.fail(taken, why)
    else:
        assert await work.finish(taken, records=3, size=99, sha256="ff", blob=f"exports/{taken.id}/1")
    return taken


async def mailed(database: Database) -> list[WaitingMail]:
    found = await Outgoing(database, SEAL).take(100, 60.0)
    return sorted(found, key=lambda one: one.mail.recipient)


async def told(database: Database, webhook: str) -> list[Any]:
    rows = await database.fetch("select event, body from deliveries where webhook_id = %s", (webhook,))
    return [(row["event"], orjson.loads(row["body"])["data"]) for row in rows]


async def test_each_who_asked_is_mailed_once_and_webhooks_that_ask_are_told(database: Database) -> None:
    tag = uuid4().hex
    anna, otto = await account(database, f"anna-{tag}@x.test"), await account(database, f"otto-{tag}@x.test")
    job = await completed(database, anna)
    wanting, other = await hook(database, anna, "export.completed"), await hook(database, anna, "export.failed")
    foreign = await hook(database, otto, "export.completed")
    first = await ask(database, job, anna)
    assert {(await ask(database, job, user)).id for user in (anna, otto, otto)} == {first.id}
    assert await mailed(database) == []
    made = await end(database)
    (to_anna, to_otto) = await mailed(database)
    assert (to_anna.mail.recipient, to_otto.mail.recipient) == (f"anna-{tag}@x.test", f"otto-{tag}@x.test")
    assert f"{HOME}{made.path}\n" in to_anna.mail.text and "is kept until" in to_anna.mail.text
    ((event, data),) = await told(database, wanting)
    assert (event, data["conversion_id"], data["records"], data["job_id"]) == ("export.completed", first.id, 3, job)
    assert (await told(database, other), await told(database, foreign)) == ([], [])
    late = await account(database, f"late-{tag}@x.test")
    for user in (late, late, anna):
        assert (await ask(database, job, user)).state == "completed"
    assert [one.mail.recipient for one in await mailed(database)] == [f"late-{tag}@x.test"], "at once, and once"


async def test_a_file_that_is_not_made_is_told_too(database: Database) -> None:
    tag = uuid4().hex
    anna = await account(database, f"anna-{tag}@x.test")
    job = await completed(database, anna)
    wanting = await hook(database, anna, "export.failed")
    await ask(database, job, anna)
    await end(database, why="It is too large.")
    (mail,) = await mailed(database)
    assert "It is too large." in mail.mail.text and "NOT made" in mail.mail.subject
    ((event, data),) = await told(database, wanting)
    assert (event, data["error"], data["download_url"]) == ("export.failed", "It is too large.", None)


async def test_who_is_no_account_any_more_or_has_no_address_is_told_nothing(database: Database) -> None:
    tag = uuid4().hex
    silent, gone = await account(database, None), await account(database, f"gone-{tag}@x.test")
    job = await completed(database, silent)
    await ask(database, job, silent)
    await ask(database, job, gone)
    await database.fetch("update users set status = 'disabled' where id = %s", (gone,))
    await end(database)
    assert await mailed(database) == []


async def test_nothing_is_told_of_an_end_that_is_not_written(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await account(database, f"anna-{uuid4().hex}@x.test")
    job = await completed(database, anna)
    wanting = await hook(database, anna, "export.completed")
    first = await ask(database, job, anna)

    async def broken(*_: Any) -> None:
        raise RuntimeError("at the last moment")

    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(ExportMails, "post", broken)
        await end(database)
    left = await exports_of(database).export(first.id)
    assert left is not None and left.state == "running"
    assert await told(database, wanting) == []


async def test_a_password_is_sealed_while_it_is_needed_and_then_erased(database: Database) -> None:
    anna = await account(database, None)
    job = await completed(database, anna)
    for why in ("", "no"):
        (one, two) = [await ask(database, job, anna, password=PASSWORD) for _ in range(2)]
        assert one.id != two.id and one.filename != two.filename
        held = await rows(database)
        assert len(held) == 2 and not [
            row for row in held if PASSWORD in repr(row) or PASSWORD.encode() in row["sealed"]
        ]
        with pytest.raises(StoreRefused, match="locked_while_waiting"):
            await database.fetch("update exports set state = 'failed' where id = %s", (one.id,))
        for _ in range(2):
            work = work_of(database)
            taken = await work.take()
            assert taken is not None and await work.password(taken) == PASSWORD
            assert await work_of(database, Seal("A" * 43)).password(taken) is None, "another key"
            assert await (
                work.fail(taken, why) if why else work.finish(taken, records=0, size=1, sha256="f", blob=taken.id)
            )
            assert await work.password(taken) is None
        assert await rows(database) == []
    assert PASSWORD not in repr(await database.fetch("select * from audit"))


async def test_a_password_outlives_a_change_of_the_key(database: Database) -> None:
    anna = await account(database, None)
    await ask(database, await completed(database, anna), anna, password=PASSWORD)
    new = "B" * 42 + "A"
    done = await Resealing(database, Seal(f"{new}\n{SEAL_KEY}")).all(lambda *_: None)
    assert not [name for name in done.unopened if name.startswith("exports")]
    work = work_of(database, Seal(new))
    taken = await work.take()
    assert taken is not None and await work.password(taken) == PASSWORD


async def test_a_request_that_is_repeated_finds_the_file_that_it_made(database: Database) -> None:
    anna = await account(database, None)
    job = await completed(database, anna)
    asked = ExportAsked(job_id=job, run_id=None, format="csv", password=PASSWORD)
    both = await asyncio.gather(*(exports_of(database).ask(asked, 9, 10**9, act("export_asked")) for _ in range(2)))
    assert {one.id for one in both if isinstance(one, Export)} == {asked.id}
    assert len(await rows(database)) == 1


async def rows(database: Database) -> list[dict[str, Any]]:
    return await database.fetch("select * from exports where sealed is not null")
