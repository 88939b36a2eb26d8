"""A mail on its way: what the gateway and the notifications write, and the one sender reads."""

import re
from dataclasses import dataclass

from schemas.errors import SchemaError

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*)").fullmatch
MOST_SUBJECT = 200
MOST_TEXT = 100_000


class MailRefused(SchemaError):
    """An address or a subject that a header cannot hold; nothing was posted."""


def check_address(text: str) -> str:
    """One plain mailbox, as it is written in a header without quotes (RFC 5321's Mailbox, its usual form). Whatever
    could end a header line, name a second recipient or be read as an option is no address: ValueError."""
    found = _ADDRESS(text)
    if found is None or len(text) > 254 or text.startswith("-"):
        raise ValueError("is not an e-mail address such as ops@example.com")
    if any(part.startswith("-") or part.endswith("-") for part in found[1].split(".")):
        raise ValueError("has a domain that no host can have")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Plain text to one address. `kind` says what it is about (`password_reset`, `welcome`, `run_failed` …): it alone
    is told in logs. MailRefused for an address or a subject that would be more than one line."""

    kind: str
    recipient: str
    subject: str
    text: str

    def __post_init__(self) -> None:
        try:
            check_address(self.recipient)
        except ValueError as problem:
            raise MailRefused(f"The recipient {problem}.") from None
        if not self.subject.isprintable() or not 0 < len(self.subject) <= MOST_SUBJECT:
            raise MailRefused(f"A subject is one line of at most {MOST_SUBJECT} printable characters.")
        if len(self.text) > MOST_TEXT:
            raise MailRefused(f"A mail's text has at most {MOST_TEXT} characters.")


def one_line(text: str, most: int = 80) -> str:
    """Somebody's words (a job's name) as they may stand in a subject."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= most else shown[: most - 1] + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingMail:
    """A mail that one sender holds for a while; `id` makes its Message-ID, the same at every try. `age_s`: seconds
    since it was posted."""

    id: str
    mail: Mail
    tries: int
    age_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MailState:
    """How many mails wait, and the oldest one's age in seconds."""

    waiting: int
    oldest_s: float


class NotSent(Exception):
    """A mail server's no, or its silence; `final` where trying again would not help (RFC 5321, 4.2.1)."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final
