"""Webhooks and their deliveries, and how a delivery is signed (Standard Webhooks 1.0.0)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from schemas.mail import Mail

EventName: TypeAlias = Literal[
    "run.completed", "run.failed", "run.cancelled", "trend", "records.changed", "export.completed", "export.failed"
]
PING = "ping"
DeliveryState: TypeAlias = Literal["pending", "delivered", "failed", "dropped"]
SECRET_PREFIX = "whsec_"


def new_secret() -> str:
    """256 random bits, as Standard Webhooks writes them."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of id, time (epoch seconds) and body."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signed_headers(keys: Sequence[str], message_id: str, timestamp: int, body: bytes) -> tuple[tuple[str, str], ...]:
    """The three headers; one signature for each secret that counts at the moment."""
    return (
        ("webhook-id", message_id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", " ".join(signature(key, message_id, timestamp, body) for key in keys)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """What may be shown of a webhook. `all_jobs`: every job of its owner, else those that name it; `kinds` and
    `min_confidence` choose among trends."""

    id: str
    owner: str
    name: str
    url: str
    host: str
    events: list[str]
    all_jobs: bool = True
    kinds: list[str] = field(default_factory=list)
    min_confidence: float = 0.0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    failing_since: datetime | None = None
    disabled_at: datetime | None = None
    disabled_why: str = ""
    previous_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one webhook, with every attempt: at, status, ms, body (its beginning), why."""

    id: str
    webhook_id: str
    event: str
    state: DeliveryState
    tries: int
    next_try: datetime
    created_at: datetime
    finished_at: datetime | None
    body: str
    attempts: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDelivery:
    """A delivery that one sender holds for a while, with the secrets that sign it. `failures` are the tries in a row
    that its webhook failed before this one; `doubtful` is one that failed last, or never answered."""

    id: str
    webhook_id: str
    owner: str
    failures: int
    doubtful: bool
    url: str
    host: str
    body: str
    tries: int
    secrets: list[str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How many posts of one sender may be under way to one host, for one owner there, for one owner at all, and to all
    endpoints in doubt."""

    of_host: int
    of_owner_at_host: int
    of_owner: int
    of_doubtful: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of one try; `why` is empty where the answer was 2xx."""

    status: int | None
    ms: float
    body: str
    why: str
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who may be to be told of a run's job: what its description says, and its owner's webhooks."""

    run_id: str
    job_id: str
    job_name: str
    notifications: dict[str, Any]
    webhooks: list[Webhook]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One event for one target: a webhook's delivery, or a mail. `body` is what a webhook is sent; of a mail its
    subject, which a digest names."""

    id: str
    event_id: str
    target: str
    event: str
    job_id: str
    body: str
    webhook_id: str | None = None
    host: str = ""
    mail: Mail | None = None
