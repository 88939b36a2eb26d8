"""Sends the mail that waits, whoever posted it."""

import asyncio
import random
from collections.abc import Callable

import structlog

from schemas.mail import NotSent, WaitingMail
from streams.notifications.pauses import MAIL_GIVEN_UP_S, mail_pause
from streams.notifications.ports import MailServer, Outgoing

log = structlog.get_logger()

AT_ONCE = 4
LEASE_S = 180.0
"""Longer than one try can take: nobody else sends a mail meanwhile."""

WITHOUT_SERVER = "No mail server is configured: set TRAWL_SMTP_URL and TRAWL_MAIL_FROM."


class MailSender:
    """At least once: a sender that dies between the server's answer and the row sends the same mail, with the same
    Message-ID, again. Without a server mails are kept for a day."""

    def __init__(
        self, outgoing: Outgoing, server: MailServer | None, chance: Callable[[], float] = random.random
    ) -> None:
        self._outgoing = outgoing
        self._server = server
        self._chance = chance

    async def turn(self) -> bool:
        """Tries what is due, a few at once. False: nothing was."""
        if self._server is None:
            given_up = await self._outgoing.expire(MAIL_GIVEN_UP_S, WITHOUT_SERVER)
            if given_up:
                log.warning("mails_given_up", count=given_up, why=WITHOUT_SERVER)
            return False
        taken = await self._outgoing.take(AT_ONCE, LEASE_S)
        await asyncio.gather(*(self._send(self._server, waiting) for waiting in taken))
        return bool(taken)

    async def _send(self, server: MailServer, waiting: WaitingMail) -> None:
        try:
            async with asyncio.timeout(LEASE_S / 2):
                await server.send(waiting)
        except (NotSent, TimeoutError) as problem:
            why = problem.reason if isinstance(problem, NotSent) else "The mail server was too slow."
            if (isinstance(problem, NotSent) and problem.final) or waiting.age_s > MAIL_GIVEN_UP_S:
                log.error("mail_given_up", id=waiting.id, kind=waiting.mail.kind, why=why)
                await self._outgoing.give_up(waiting.id, why)
                return
            pause = mail_pause(waiting.tries, self._chance())
            log.warning("mail_not_sent", id=waiting.id, kind=waiting.mail.kind, why=why, again_in_s=round(pause))
            await self._outgoing.later(waiting.id, pause, why)
            return
        log.info("mail_sent", id=waiting.id, kind=waiting.mail.kind)
        await self._outgoing.sent(waiting.id)

    async def words(self) -> str:
        """How it stands, for whoever asks `trawl status`; empty where nothing is to be done."""
        state = await self._outgoing.state()
        if self._server is None and state.waiting:
            return f"{state.waiting} mails wait. {WITHOUT_SERVER}"
        if state.oldest_s > 600:
            return f"{state.waiting} mails wait, the oldest for {state.oldest_s / 60:.0f} min: see the log for why"
        return ""
