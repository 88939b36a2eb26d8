"""The one mail server that takes our mail (SMTP submission, RFC 6409)."""

import contextlib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from urllib.parse import unquote, urlsplit

import aiosmtplib

from infra.errors import NotConfigured
from schemas.mail import NotSent, WaitingMail, check_address

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PORTS = {"smtp": 587, "smtps": 465}


class MailServer:
    """`url` is smtp://[user:password@]host[:port] (STARTTLS where the server has it, and never a password without) or
    smtps://… (TLS from the first byte). A connection for each mail: they are few, and none is left idle."""

    def __init__(self, url: str, sender: str, *, timeout: float = 20.0, trusted: ssl.SSLContext | None = None) -> None:
        """NotConfigured for a URL or a sender's address that cannot be used; `timeout` bounds each step (s)."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in _PORTS or not parts.hostname or port == -1:
            raise NotConfigured("TRAWL_SMTP_URL must be smtp://user:password@host:port, or smtps:// for TLS at once.")
        try:
            self._sender = check_address(sender)
        except ValueError as problem:
            raise NotConfigured(f"TRAWL_MAIL_FROM {problem}.") from None
        self._host, self._port = parts.hostname, port or _PORTS[parts.scheme]
        self._at_once = parts.scheme == "smtps"
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._timeout = timeout
        self._trusted = trusted

    async def send(self, waiting: WaitingMail) -> None:
        """Returns once the server has taken it. NotSent, with the server's words, where it has not; whether it took one
        whose answer was lost nobody knows: the Message-ID is the same at the next try."""
        message = self._message(waiting)
        client = aiosmtplib.SMTP(
            hostname=self._host, port=self._port, timeout=self._timeout, use_tls=self._at_once, start_tls=False,
            tls_context=self._trusted, local_hostname=self._sender.partition("@")[2],
        )  # fmt: skip
        try:
            await client.connect()
            await self._secure(client)
            await client.sendmail(self._sender, [waiting.mail.recipient], message.as_bytes())
            await _farewell(client)
        except aiosmtplib.SMTPRecipientsRefused as problem:
            said = problem.recipients[0]
            raise NotSent(f"{said.code} {said.message}"[:500], final=500 <= said.code < 600) from problem
        except aiosmtplib.SMTPDataError as problem:
            raise NotSent(_words(problem), final=500 <= problem.code < 600) from problem
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as problem:
            raise NotSent(_words(problem)) from problem
        finally:
            client.close()

    async def _secure(self, client: aiosmtplib.SMTP) -> None:
        if not self._at_once:
            await client.ehlo()
            if client.supports_extension("starttls"):
                await client.starttls(tls_context=self._trusted)
            elif self._user and self._host not in _LOOPBACK:
                raise NotSent(
                    f"{self._host} offers no TLS, and a password is not sent without: use smtps:// or another server."
                )
        if self._user:
            await client.login(self._user, self._password)

    def _message(self, waiting: WaitingMail) -> EmailMessage:
        """Plain text, and what keeps answering machines quiet (RFC 3834)."""
        message = EmailMessage()
        message["Message-ID"] = f"<{waiting.id}@{self._sender.partition('@')[2]}>"
        message["Date"] = format_datetime(localtime())
        message["From"] = f"Trawl <{self._sender}>"
        message["To"] = waiting.mail.recipient
        message["Subject"] = waiting.mail.subject
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(waiting.mail.text)
        return message


async def _farewell(client: aiosmtplib.SMTP) -> None:
    """The mail is taken, whatever becomes of the good-bye."""
    with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        await client.quit(timeout=1.0)


def _words(problem: BaseException) -> str:
    said = f"{problem.code} {problem.message}" if isinstance(problem, aiosmtplib.SMTPResponseException) else problem
    return f"{type(problem).__name__}: {said}"[:500]
