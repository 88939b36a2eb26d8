"""Webhooks in memory, with their secrets, so that tests can see them."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from schemas.accounts import Act
from schemas.webhooks import Delivery, DeliveryState, Telling, Webhook


@dataclass
class FakeWebhooks:
    """Nothing is sent; `log` is what would be."""

    kept: dict[str, Webhook] = field(default_factory=dict)
    secrets: dict[str, list[str]] = field(default_factory=dict)
    log: dict[str, Delivery] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)

    async def add(self, webhook: Webhook, secret: str, act: Act, room: int) -> Webhook | Literal["full", "ended"]:
        if len(await self.all(webhook.owner)) >= room:
            return "full"
        now = datetime.now(UTC)
        self.kept[webhook.id] = replace(webhook, created_at=now, updated_at=now)
        self.secrets[webhook.id] = [secret]
        self.acts.append(act)
        return self.kept[webhook.id]

    async def all(self, owner: str | None) -> list[Webhook]:
        return [one for one in self.kept.values() if owner in (None, one.owner)]

    async def one(self, webhook_id: str) -> Webhook | None:
        return self.kept.get(webhook_id)

    async def known(self, owner: str, ids: Collection[str]) -> bool:
        return all(one in self.kept and self.kept[one].owner == owner for one in ids)

    async def change(self, webhook: Webhook, enabled: bool, act: Act) -> Webhook | None:
        if webhook.id not in self.kept:
            return None
        now = datetime.now(UTC)
        disabled = None if enabled else webhook.disabled_at or now
        why = "" if enabled else webhook.disabled_why or "Its owner disabled it."
        self.kept[webhook.id] = replace(webhook, disabled_at=disabled, disabled_why=why, updated_at=now)
        self.acts.append(act)
        return self.kept[webhook.id]

    async def remove(self, webhook_id: str, act: Act) -> bool:
        if self.kept.pop(webhook_id, None) is None:
            return False
        self.acts.append(act)
        return True

    async def rotate(self, webhook: Webhook, secret: str, overlap: float, act: Act) -> Webhook | None:
        if webhook.id not in self.kept:
            return None
        self.secrets[webhook.id].insert(0, secret)
        until = datetime.now(UTC) + timedelta(seconds=overlap)
        self.kept[webhook.id] = replace(webhook, previous_until=until)
        self.acts.append(act)
        return self.kept[webhook.id]

    async def send(self, telling: Telling, act: Act) -> Delivery | None:
        webhook = self.kept.get(telling.webhook_id or "")
        if webhook is None or webhook.disabled_at is not None:
            return None
        now = datetime.now(UTC)
        self.log[telling.id] = Delivery(
            id=telling.id, webhook_id=webhook.id, event=telling.event, state="pending", tries=0, next_try=now,
            created_at=now, finished_at=None, body=telling.body, attempts=[],
        )  # fmt: skip
        self.acts.append(act)
        return self.log[telling.id]

    async def deliveries(
        self, webhook_id: str, *, state: DeliveryState | None = None, delivery_id: str | None = None,
        before: tuple[datetime, str] | None = None, limit: int,
    ) -> list[Delivery]:  # fmt: skip
        found = sorted(self.log.values(), key=lambda one: (one.created_at, one.id), reverse=True)
        return [
            one
            for one in found
            if one.webhook_id == webhook_id
            and state in (None, one.state)
            and delivery_id in (None, one.id)
            and (before is None or (one.created_at, one.id) < before)
        ][:limit]

    async def again(self, webhook_id: str, delivery_id: str, act: Act) -> Delivery | None:
        found = self.log.get(delivery_id)
        if found is None or found.webhook_id != webhook_id or found.state == "pending":
            return None
        self.log[delivery_id] = replace(found, state="pending", tries=0, finished_at=None)
        self.acts.append(act)
        return self.log[delivery_id]
