"""Webhooks and their deliveries as v1 tells them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.webhooks import Delivery, DeliveryState, EventName, Webhook

_ID = "7d3c1f52-5555-4a6b-8c7d-9e0f1a2b3c4d"
_WEBHOOK: dict[str, Any] = {
    "id": _ID,
    "name": "ops",
    "url": "https://hooks.example.com/trawl",
    "events": ["run.failed", "trend"],
    "all_jobs": True,
    "kinds": ["shift"],
    "min_confidence": 0.8,
    "enabled": True,
    "disabled_why": "",
    "failing_since": None,
    "previous_secret_until": None,
    "created_at": "2026-01-05T10:30:00Z",
    "updated_at": "2026-01-05T10:30:00Z",
}
_DELIVERY: dict[str, Any] = {
    "id": "0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10",
    "webhook_id": _ID,
    "event": "run.failed",
    "state": "delivered",
    "tries": 1,
    "next_try": None,
    "created_at": "2026-01-05T10:30:00Z",
    "finished_at": "2026-01-05T10:30:01Z",
    "body": '{"type":"run.failed","timestamp":"2026-01-05T10:30:00Z","data":{}}',
    "attempts": [{"at": "2026-01-05T10:30:01Z", "status": 200, "ms": 41.5, "body": "ok", "why": ""}],
}

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Target = Annotated[str, Field(min_length=1, max_length=2000, description="http or https, a public address.")]
Events = Annotated[list[EventName], Field(min_length=1, max_length=7, description="What it is told of.")]
Kinds = Annotated[
    list[Literal["spike", "shift"]], Field(max_length=2, description="Of trends only these kinds; none: both.")
]
Confidence = Annotated[float, Field(ge=0, le=1, description="Of trends only those that are as sure as that.")]


def _shown(example: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class WebhookAsked(BaseModel):
    """Where to post, and what."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "ops", "url": "https://hooks.example.com/trawl", "events": ["run.failed", "trend"]}]
        },
    )

    name: Name
    url: Target
    events: Events
    all_jobs: bool = Field(True, description="Told of all your jobs; else of those that name it in `notifications`.")
    kinds: Kinds = Field(default_factory=list)
    min_confidence: Confidence = 0.0


class WebhookChange(BaseModel):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"enabled": True}]})

    name: Name | None = None
    url: Target | None = None
    events: Events | None = None
    all_jobs: bool | None = None
    kinds: Kinds | None = None
    min_confidence: Confidence | None = None
    enabled: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> "WebhookChange":
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise ValueError("give at least one field that is to be different")
        return self


class WebhookBody(BaseModel):
    """A webhook, without its secret."""

    model_config = _shown(_WEBHOOK)

    id: str
    name: str
    url: str
    events: list[str]
    all_jobs: bool
    kinds: list[str]
    min_confidence: float
    enabled: bool
    disabled_why: str = Field(description="Why it is told nothing; empty while it is.")
    failing_since: datetime | None = Field(description="When it stopped to answer; after five days it is disabled.")
    previous_secret_until: datetime | None = Field(description="How long the secret before this one signs too.")
    created_at: datetime | None
    updated_at: datetime | None


class WebhookOpened(WebhookBody):
    """A webhook with its secret, which is shown this once."""

    model_config = _shown({**_WEBHOOK, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})

    secret: str


class WebhookList(BaseModel):
    """In the order in which they were made."""

    model_config = _shown({"webhooks": [_WEBHOOK]})

    webhooks: list[WebhookBody]


class AttemptBody(BaseModel):
    """One try: what was answered (its first thousand characters), or why nothing was."""

    at: datetime
    status: int | None
    ms: float
    body: str
    why: str


class DeliveryBody(BaseModel):
    """One event on its way. `id` is what the receiver sees as `webhook-id`, the same at each try."""

    model_config = _shown(_DELIVERY)

    id: str
    webhook_id: str
    event: str
    state: DeliveryState
    tries: int
    next_try: datetime | None = Field(description="When it is tried again; null when it is over.")
    created_at: datetime
    finished_at: datetime | None
    body: str
    attempts: list[AttemptBody]


class DeliveryPage(BaseModel):
    """A piece of the log, the newest first."""

    model_config = _shown({"deliveries": [_DELIVERY], "next_cursor": None})

    deliveries: list[DeliveryBody]
    next_cursor: str | None


def webhook_body(known: Webhook) -> WebhookBody:
    """What may be shown."""
    return WebhookBody(**_shown_of(known))


def opened_body(known: Webhook, secret: str) -> WebhookOpened:
    """The one time that the secret is shown."""
    return WebhookOpened(**_shown_of(known), secret=secret)


def delivery_body(delivery: Delivery) -> DeliveryBody:
    """A delivery as it is shown."""
    found = {name: getattr(delivery, name) for name in DeliveryBody.model_fields}
    return DeliveryBody(**found | ({} if delivery.state == "pending" else {"next_try": None}))


def _shown_of(known: Webhook) -> dict[str, Any]:
    names = ("id", "name", "url", "events", "all_jobs", "kinds", "min_confidence", "disabled_why", "failing_since",
             "created_at", "updated_at")  # fmt: skip
    found = {name: getattr(known, name) for name in names}
    return found | {"enabled": known.disabled_at is None, "previous_secret_until": known.previous_until}
