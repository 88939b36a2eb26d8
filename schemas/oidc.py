"""People as an outside OpenID Connect provider knows them, and the provider's answers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


class ProviderAway(Exception):
    """The provider does not answer, or with something that is no answer; the text says which."""


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """A status and a JSON object."""

    status: int
    content: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who somebody is there: `issuer` and `subject` together never change and are nobody else's; the rest may be."""

    issuer: str
    subject: str
    username: str = ""
    email: str | None = None
    """Only an address that the provider has verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedIdentity:
    """Somebody of a provider as an account's owner sees them. `own`: the account was made for them, when they first
    came; the others were linked to it later."""

    id: str
    issuer: str
    subject: str
    linked_at: datetime
    own: bool
