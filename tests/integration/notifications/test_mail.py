"""Mail from the transaction that posts it to a real SMTP server that refuses, drops, delays, and dies."""

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from infra.errors import NotConfigured
from infra.local.ports import free_port
from infra.postgres.mailbox import Mailbox, Outgoing
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from infra.sealing import Seal
from infra.smtp.server import MailServer
from schemas.mail import Mail, NotSent, WaitingMail
from streams.notifications.mails import MailSender
from tests.engines import Engines

SECRET = "https://trawl.example/reset/one-time-word"


@dataclass
class Mails:
    """What a mail server has taken; `answers` are what it says to the next ones instead."""

    taken: list[tuple[str, bytes]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    slow_s: float = 0.0
    reached: threading.Event = field(default_factory=threading.Event)

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address.startswith("nobody@"):
            return "550 5.1.1 nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.reached.set()
        await asyncio.sleep(self.slow_s)
        if self.answers:
            answer = self.answers.pop(0)
            if answer == "take and vanish":
                self.taken.append((envelope.rcpt_tos[0], envelope.content))
            if "vanish" in answer:
                assert isinstance(server.transport, asyncio.WriteTransport)
                server.transport.abort()
            return answer
        self.taken.append((envelope.rcpt_tos[0], envelope.content))
        return "250 OK"


@pytest.fixture
def mails() -> Mails:
    return Mails()


@contextmanager
def listening(mails: Mails, host: str) -> Iterator[str]:
    """The URL of a mail server that knows one account and has no TLS."""

    def knows(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"trawl", b"pass:word"))

    controller = Controller(mails, host, free_port(), authenticator=knows, auth_require_tls=False)
    controller.start()
    try:
        yield f"smtp://trawl:pass%3Aword@{host}:{controller.port}"
    finally:
        controller.stop()


@pytest.fixture
def url(mails: Mails) -> Iterator[str]:
    with listening(mails, "127.0.0.1") as found:
        yield found


def a_mail(recipient: str = "ops@example.com", mail_id: str = "") -> Mail:
    return Mail(kind="password_reset", recipient=recipient, subject="Größe geändert", text=f"Open {SECRET} once.\n")


def waiting(recipient: str = "ops@example.com") -> WaitingMail:
    return WaitingMail(id="7d3c1f52", mail=a_mail(recipient), tries=1, age_s=0.0)


async def test_a_mail_arrives_whole_under_an_id_of_its_own(mails: Mails, url: str) -> None:
    await MailServer(url, "trawl@example.com").send(waiting())
    ((recipient, content),) = mails.taken
    head, _, body = content.partition(b"\r\n\r\n")
    assert recipient == "ops@example.com"
    assert b"Message-ID: <7d3c1f52@example.com>" in head and b"Auto-Submitted: auto-generated" in head
    assert b"Subject: =?utf-8?" in head and SECRET.encode() in body


async def test_each_way_to_fail_says_whether_another_try_helps(mails: Mails, url: str) -> None:
    for answers, slow, recipient, final in (
        ([], 0.0, "nobody@example.com", True),
        (["554 no such content"], 0.0, "ops@example.com", True),
        (["451 come back later"], 0.0, "ops@example.com", False),
        (["vanish"], 0.0, "ops@example.com", False),
        ([], 2.0, "ops@example.com", False),
    ):
        server = MailServer(url, "trawl@example.com", timeout=60 if final else 1.0)
        mails.answers, mails.slow_s = list(answers), slow
        with pytest.raises(NotSent) as refused:
            await server.send(waiting(recipient))
        assert refused.value.final is final and refused.value.reason
    assert not [taken for taken in mails.taken if taken[0] != "ops@example.com"]
    for wrong in (url.replace("pass%3Aword", "wrong"), url.rpartition(":")[0] + ":1"):
        with pytest.raises(NotSent) as refused:
            await MailServer(wrong, "trawl@example.com", timeout=60).send(waiting())
        assert not refused.value.final and "word" not in refused.value.reason


async def test_no_password_goes_out_without_tls_and_bad_settings_are_named(mails: Mails, url: str) -> None:
    with listening(mails, "127.0.0.2") as elsewhere, pytest.raises(NotSent, match="offers no TLS"):
        await MailServer(elsewhere, "trawl@example.com").send(waiting())
    assert not mails.taken
    for bad in ("http://host", "smtp://", "smtp://host:x", "host:25"):
        with pytest.raises(NotConfigured):
            MailServer(bad, "trawl@example.com")
    with pytest.raises(NotConfigured):
        MailServer(url, "Trawl <trawl@example.com>")


@pytest.fixture
async def database(engines: Engines) -> AsyncIterator[Database]:
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres) as opened:
        await opened.fetch("delete from mails")
        yield opened


async def post(database: Database, seal: Seal, recipient: str) -> None:
    async with database.transaction() as connection:
        await Mailbox(seal).post(connection, a_mail(recipient))


async def due_now(database: Database) -> None:
    await database.fetch("update mails set next_try = now() where sent_at is null")


async def test_mail_is_sealed_until_sent_and_erased_after(database: Database, mails: Mails, url: str) -> None:
    seal = Seal(secrets.token_urlsafe(32))
    await post(database, seal, "ops@example.com")
    with pytest.raises(RuntimeError):
        async with database.transaction() as connection:
            await Mailbox(seal).post(connection, a_mail("rolled@example.com"))
            raise RuntimeError("the deed failed")
    (row,) = await database.fetch("select sealed from mails")
    assert SECRET.encode() not in bytes(row["sealed"])
    sender = MailSender(Outgoing(database, seal), MailServer(url, "trawl@example.com"))
    mails.answers = ["451 later"]
    assert await sender.turn() and not await sender.turn(), "it is not tried again at once"
    (row,) = await database.fetch("select sealed, why, next_try > now() as later from mails")
    assert row["sealed"] and row["later"] and "451" in row["why"]
    await due_now(database)
    assert await sender.turn()
    (row,) = await database.fetch("select sealed, sent_at from mails")
    assert row["sealed"] is None and row["sent_at"]
    assert [recipient for recipient, _ in mails.taken] == ["ops@example.com"]
    await post(database, seal, "nobody@example.com")
    assert await sender.turn()
    (row,) = await database.fetch("select sealed, why, given_up from mails where sent_at is null")
    assert row["sealed"] is None and row["given_up"] and "550" in row["why"]


async def test_many_senders_send_each_mail_once(database: Database, mails: Mails, url: str) -> None:
    seal = Seal(secrets.token_urlsafe(32))
    for number in range(12):
        await post(database, seal, f"ops{number}@example.com")
    senders = [MailSender(Outgoing(database, seal), MailServer(url, "trawl@example.com")) for _ in range(3)]

    async def until_empty(sender: MailSender) -> None:
        while await sender.turn():
            pass

    await asyncio.gather(*(until_empty(sender) for sender in senders))
    assert sorted(recipient for recipient, _ in mails.taken) == sorted(f"ops{n}@example.com" for n in range(12))


async def test_whoever_dies_in_the_middle_sends_the_same_mail_again(database: Database, mails: Mails, url: str) -> None:
    seal = Seal(secrets.token_urlsafe(32))
    await post(database, seal, "ops@example.com")
    sender = MailSender(Outgoing(database, seal), MailServer(url, "trawl@example.com"))
    mails.slow_s = 30.0
    dying = asyncio.create_task(sender.turn())
    assert await asyncio.to_thread(mails.reached.wait, 20.0)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    mails.slow_s = 0.0
    assert not await sender.turn(), "the dead one's lease counts"
    mails.answers = ["take and vanish"]
    await due_now(database)
    assert await sender.turn()
    await due_now(database)
    assert await sender.turn() and not await sender.turn()
    ids = {line for _, content in mails.taken for line in content.splitlines() if line.startswith(b"Message-ID")}
    assert len(mails.taken) == 2 and len(ids) == 1
