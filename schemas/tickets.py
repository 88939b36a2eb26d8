"""The short-lived signed value with which the gateway sends a signed-in person to the dashboards.

Two processes share one secret (`dashboards_key`): the gateway issues a `ticket` that lives a minute and travels once,
in an address; the dashboards change it for a `session` of their own, kept in a cookie. The kind is signed too, so that
a ticket that leaked from an address bar is never a session. Neither proves that the sign-in still counts: each names it
(`Holder`), and whoever lets somebody in asks the accounts.

    base64url(JSON {"v": 1, "k": kind, "s": subject, "e": expiry as epoch seconds}) "." base64url(HMAC-SHA256)
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Literal

from schemas.errors import SchemaError

Kind = Literal["ticket", "session"]

_MAX_LENGTH = 2048


class TicketError(SchemaError):
    """The value was not issued here, is of another kind, was altered, or has expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whose sign-in a value stands for: the account, its session at the gateway, the role that it had when the value
    was issued, and when the session ends at the latest (epoch seconds)."""

    user_id: str
    session_id: str
    role: str
    ends: float

    @property
    def subject(self) -> str:
        """As one subject; none of the parts has a blank in it."""
        return f"{self.user_id} {self.session_id} {self.role} {self.ends:.0f}"

    @classmethod
    def of(cls, subject: str) -> "Holder":
        """From a subject. TicketError for one that is not a holder's."""
        try:
            user_id, session_id, role, ends = subject.split(" ")
            return cls(user_id=user_id, session_id=session_id, role=role, ends=float(ends))
        except ValueError:
            raise TicketError("The ticket is not of this version; open the page from the gateway again.") from None


def cookie_of(port: int) -> str:
    """The cookie in which the dashboards on `port` keep their session.

    Cookies know no ports: the name keeps two systems on one machine apart, and lets the gateway delete its own.
    """
    return f"trawl_dashboards_{port}"


def issue(secret: str, subject: str, now: float, lifetime: float = 60, *, kind: Kind = "ticket") -> str:
    """A value that proves until `now + lifetime` (epoch seconds) that `subject` had signed in."""
    claims = {"v": 1, "k": kind, "s": subject, "e": round(now + lifetime, 3)}
    payload = _text(json.dumps(claims, separators=(",", ":")).encode())
    return f"{payload}.{_text(_mac(secret, payload))}"


def verify(secret: str, token: str, now: float, *, kind: Kind = "ticket") -> str:
    """The subject of a value of this kind. TicketError for any other; the signature is checked before the content."""
    payload, _, signature = token.partition(".")
    if len(token) > _MAX_LENGTH or not token.isascii():
        raise TicketError("This is not a ticket.")
    if not hmac.compare_digest(_text(_mac(secret, payload)), signature):
        raise TicketError("The ticket was not signed here.")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    if claims["v"] != 1 or claims["k"] != kind:
        raise TicketError(f"The ticket is not a {kind}.")
    if now >= claims["e"]:
        raise TicketError("The ticket has expired; open the page from the gateway again.")
    return str(claims["s"])


def _mac(secret: str, payload: str) -> bytes:
    # The prefix keeps a signature made for another purpose under the same secret from meaning anything here.
    return hmac.digest(secret.encode(), b"trawl ticket v1\n" + payload.encode(), hashlib.sha256)


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
