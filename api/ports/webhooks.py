"""Webhooks of users, and what became of each delivery."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal, Protocol

from schemas.accounts import Act
from schemas.webhooks import Delivery, DeliveryState, Telling, Webhook


class Webhooks(Protocol):
    """Nothing here gives a secret back."""

    async def add(self, webhook: Webhook, secret: str, act: Act, room: int) -> Webhook | Literal["full", "ended"]:
        """As it is kept, with its secret sealed. `full`, and nothing is done, where its owner has `room` of them
        already, however many are added at once; `ended` where the account is not active any more."""
        ...

    async def all(self, owner: str | None) -> list[Webhook]:
        """An owner's, or everyone's, in the order in which they were made."""
        ...

    async def one(self, webhook_id: str) -> Webhook | None:
        """Whoever's it is."""
        ...

    async def known(self, owner: str, ids: Collection[str]) -> bool:
        """Whether all of these are an owner's."""
        ...

    async def change(self, webhook: Webhook, enabled: bool, act: Act) -> Webhook | None:
        """As it is from now on; enabling it forgets that it failed, disabling it drops what waits. None: it is gone."""
        ...

    async def remove(self, webhook_id: str, act: Act) -> bool:
        """With its deliveries; False, and nothing audited, for one that is gone."""
        ...

    async def rotate(self, webhook: Webhook, secret: str, overlap: float, act: Act) -> Webhook | None:
        """Another secret; the one before it signs too for `overlap` seconds. None: it is gone."""
        ...

    async def send(self, telling: Telling, act: Act) -> Delivery | None:
        """A delivery that its owner asked for; None, and nothing audited, where the webhook is disabled or gone."""
        ...

    async def deliveries(
        self,
        webhook_id: str,
        *,
        state: DeliveryState | None = None,
        delivery_id: str | None = None,
        before: tuple[datetime, str] | None = None,
        limit: int,
    ) -> list[Delivery]:
        """The newest first, after the position (created_at, id)."""
        ...

    async def again(self, webhook_id: str, delivery_id: str, act: Act) -> Delivery | None:
        """Sent once more; None, and nothing audited, for one that is not the webhook's or is on its way."""
        ...
