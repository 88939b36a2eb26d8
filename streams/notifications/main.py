"""`trawl notifications`: whoever is to be told is told, and all mail goes out."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial

from infra import notify
from infra.errors import StoreUnavailable
from infra.http.connections import PoolLimits
from infra.http.exchange import HttpFetcher, HttpSettings
from infra.kafka.plain_loop import PlainLoop
from infra.postgres.mailbox import Mailbox, Outgoing
from infra.postgres.notifications import PostgresDeliveries, PostgresTellings
from infra.sealing import Seal
from infra.settings import Settings
from infra.smtp.server import MailServer
from infra.turns import take_turns
from schemas.topics import RECORD_MARKS, RUN_EVENTS, TRENDS
from streams.notifications.choosing import digest_mail
from streams.notifications.mails import MailSender
from streams.notifications.stage import Notifying
from streams.notifications.webhooks import TOTAL_S, WebhookSender
from streams.running import consume, pumped, surrounded

_TOPICS = (RUN_EVENTS, TRENDS, RECORD_MARKS)
_AGENT = "Trawl-Webhooks/0.1"
_WORDS_EVERY_S = 10.0
_SUM_UP_EVERY_S = 60.0
_TIDY_EVERY_S = 3600.0


async def serve(settings: Settings) -> None:
    """Tells until SIGTERM, then finishes what is under way. Any number of these processes may run."""
    server = MailServer(settings.smtp_url, settings.mail_from) if settings.smtp_url else None
    seal = Seal(lambda: settings.secret("seal_key"))
    async with surrounded("notifications", settings) as around:
        database, stopping = around.database, around.stopping
        limits = HttpSettings(user_agent=_AGENT, accept="*/*", pool=PoolLimits(busy=32, per_host=4, open=64))
        exchange = await around.stack.enter_async_context(HttpFetcher(settings.webhook_allow, limits))
        mailbox, outgoing = Mailbox(seal), Outgoing(database, seal)
        tellings = PostgresTellings(database, mailbox)
        mails = MailSender(outgoing, server)
        webhooks = WebhookSender(PostgresDeliveries(database, seal, mailbox), exchange)
        pump = await pumped(around, "notifications", Notifying(tellings), _TOPICS)
        loop = PlainLoop(pump, brokers=around.brokers, topics=_TOPICS, batch=500, every=0.2)
        try:
            await consume(
                stopping,
                [loop],
                take_turns("send mail", mails.turn, stopping, database.listen("mail")),
                take_turns("send webhooks", webhooks.turn, stopping, database.listen("deliveries")),
                take_turns("sum up", lambda: tellings.sum_up(digest_mail), stopping, every=_SUM_UP_EVERY_S),
                _now_and_then(partial(_tell, mails.words), stopping, _WORDS_EVERY_S),
                _now_and_then(partial(_tidy, tellings, outgoing), stopping, _TIDY_EVERY_S),
            )
        finally:
            await webhooks.drain(TOTAL_S)


async def _tell(words: Callable[[], Awaitable[str]]) -> None:
    """`trawl status` shows it."""
    notify.status(await words() or "working")


async def _tidy(tellings: PostgresTellings, outgoing: Outgoing) -> None:
    await tellings.forget()
    await outgoing.forget()


async def _now_and_then(work: Callable[[], Awaitable[None]], stopping: asyncio.Event, every: float) -> None:
    while not stopping.is_set():
        with contextlib.suppress(StoreUnavailable):
            await work()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(every):
                await stopping.wait()
