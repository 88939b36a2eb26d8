"""Webhooks as their owners see them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import orjson

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import ApiError, conflict, invalid, not_found, unauthenticated
from api.ports import AddressRule, Webhooks
from api.services.cursors import Page, cut, pack, unpack
from api.shapes.webhooks import WebhookAsked, WebhookChange
from schemas.hosts import UrlError, host_of
from schemas.job import JobDescription
from schemas.urls import canonical
from schemas.webhooks import PING, Delivery, DeliveryState, Telling, Webhook, new_secret

MAX_PER_OWNER = 50
ROTATION_S = 86_400.0
"""For a day the secret before signs too."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A webhook with its secret, which is shown this once."""

    webhook: Webhook
    secret: str


class Notifications:
    """A caller's own; an administrator sees everyone's. ApiError 404 for what the caller may not see."""

    def __init__(
        self,
        store: Webhooks,
        address_rule: AddressRule,
        new_id: Callable[[], UUID] = uuid4,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._address_rule = address_rule
        self._new_id = new_id
        self._clock = clock

    async def add(self, caller: Caller, asked: WebhookAsked, visit: Visit) -> Opened:
        """422 for an address that may not be sent to."""
        webhook = Webhook(
            id=str(self._new_id()), owner=caller.user_id, name=asked.name, url=asked.url, host=self._host(asked.url),
            events=list(asked.events), all_jobs=asked.all_jobs, kinds=list(asked.kinds),
            min_confidence=asked.min_confidence,
        )  # fmt: skip
        secret = new_secret()
        act = visit.act(caller.user_id, "webhook_added", webhook.id, host=webhook.host, events=webhook.events)
        added = await self._store.add(webhook, secret, act, MAX_PER_OWNER)
        if added == "full":
            raise conflict("url", f"You have {MAX_PER_OWNER} webhooks, which is the limit; remove some.")
        if added == "ended":
            raise unauthenticated("This account is not active any more.")
        return Opened(added, secret)

    async def all(self, caller: Caller) -> list[Webhook]:
        """In the order in which they were made."""
        return await self._store.all(caller.owner_filter)

    async def one(self, caller: Caller, webhook_id: str) -> Webhook:
        """A webhook without its secret."""
        found = await self._store.one(_uuid(webhook_id))
        if found is None or not (caller.sees_all or found.owner == caller.user_id):
            raise _no_such()
        return found

    async def change(self, caller: Caller, webhook_id: str, asked: WebhookChange, visit: Visit) -> Webhook:
        """What is left out stays."""
        known = await self.one(caller, webhook_id)
        given = asked.model_dump(exclude_none=True, exclude={"enabled"})
        if asked.url is not None:
            given["host"] = self._host(asked.url)
        enabled = asked.enabled if asked.enabled is not None else known.disabled_at is None
        act = visit.act(caller.user_id, "webhook_changed", known.id, fields=sorted(asked.model_fields_set))
        return _there(await self._store.change(replace(known, **given), enabled, act))

    async def remove(self, caller: Caller, webhook_id: str, visit: Visit) -> None:
        """Nothing more is sent there."""
        known = await self.one(caller, webhook_id)
        await self._store.remove(known.id, visit.act(caller.user_id, "webhook_removed", known.id))

    async def rotate(self, caller: Caller, webhook_id: str, visit: Visit) -> Opened:
        """Another secret; for a day each delivery carries both signatures."""
        known, secret = await self.one(caller, webhook_id), new_secret()
        act = visit.act(caller.user_id, "webhook_secret_rotated", known.id)
        return Opened(_there(await self._store.rotate(known, secret, ROTATION_S, act)), secret)

    async def ping(self, caller: Caller, webhook_id: str, visit: Visit) -> Delivery:
        """A delivery that only says that it is one. 409 for a webhook that is disabled."""
        known = await self.one(caller, webhook_id)
        delivery_id = str(self._new_id())
        body = {"type": PING, "timestamp": self._clock().isoformat(), "data": {"webhook_id": known.id}}
        telling = Telling(
            id=delivery_id, event_id=delivery_id, target=f"webhook:{known.id}", event=PING, job_id="",
            body=orjson.dumps(body).decode(), webhook_id=known.id, host=known.host,
        )  # fmt: skip
        sent = await self._store.send(telling, visit.act(caller.user_id, "webhook_pinged", known.id))
        if sent is None:
            raise conflict("webhook_id", "This webhook is disabled; enable it with PATCH first.")
        return sent

    async def deliveries(
        self, caller: Caller, webhook_id: str, state: DeliveryState | None, cursor: str | None, limit: int
    ) -> Page[Delivery]:
        """The newest first."""
        known = await self.one(caller, webhook_id)
        position = unpack(cursor, (datetime, UUID))
        before = (position[0], position[1]) if position else None
        found = await self._store.deliveries(known.id, state=state, before=before, limit=limit + 1)
        return cut(found, limit, lambda one: pack(one.created_at, one.id))

    async def delivery(self, caller: Caller, webhook_id: str, delivery_id: str) -> Delivery:
        """One delivery with its attempts."""
        known = await self.one(caller, webhook_id)
        found = await self._store.deliveries(known.id, delivery_id=_uuid(delivery_id, "delivery_id"), limit=1)
        if not found:
            raise not_found("delivery_id", "This webhook has no such delivery.")
        return found[0]

    async def again(self, caller: Caller, webhook_id: str, delivery_id: str, visit: Visit) -> Delivery:
        """The same message, under the same id, from the first try on. 409 while it is on its way."""
        known = await self.delivery(caller, webhook_id, delivery_id)
        if (await self.one(caller, webhook_id)).disabled_at is not None:
            raise conflict("webhook_id", "This webhook is disabled; enable it with PATCH first.")
        act = visit.act(caller.user_id, "webhook_redelivered", known.webhook_id, delivery_id=known.id)
        sent = await self._store.again(known.webhook_id, known.id, act)
        if sent is None:
            raise conflict("delivery_id", "It is on its way; wait for its next try.")
        return sent

    async def check(self, owner: str, description: JobDescription) -> None:
        """422 for a job that names webhooks which its owner has not."""
        ids = [str(one) for one in description.notifications.webhooks]
        if ids and not await self._store.known(owner, ids):
            message = "One of them is no webhook of yours; GET /api/v1/webhooks lists them."
            raise invalid("notifications.webhooks", message, "UNKNOWN_WEBHOOK")

    def _host(self, url: str) -> str:
        try:
            whole = canonical(url)
        except UrlError as problem:
            raise invalid("url", str(problem), problem.reason.upper()) from None
        host = host_of(whole)
        name, _, port = host.rpartition(":") if not host.endswith("]") and ":" in host else (host, "", "")
        refused = self._address_rule(name, int(port) if port else (443 if whole.startswith("https:") else 80))
        if refused:
            raise invalid("url", refused, "URL_NOT_ALLOWED")
        return host


def _there(webhook: Webhook | None) -> Webhook:
    if webhook is None:
        raise _no_such()
    return webhook


def _uuid(value: str, field: str = "webhook_id") -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise _no_such() if field == "webhook_id" else not_found(field, "This webhook has no such delivery.") from None


def _no_such() -> ApiError:
    return not_found("webhook_id", "You have no such webhook.")
