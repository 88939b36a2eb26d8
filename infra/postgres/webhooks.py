"""Webhooks as the gateway keeps them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

from infra.postgres.audit import record
from infra.postgres.notifications import context_of, webhook_of
from infra.postgres.owning import hold
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from infra.sealing import Seal
from schemas.accounts import Act
from schemas.webhooks import Delivery, DeliveryState, Telling, Webhook


class PostgresWebhooks:
    """The gateway's `Webhooks`. Each write leaves its audit line in the same transaction; secrets are sealed."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        self._sql = queries("notifications")

    async def add(self, webhook: Webhook, secret: str, act: Act, room: int) -> Webhook | Literal["full", "ended"]:
        """As it is kept. Counted, and its owner looked at, under the account's lock."""
        values = self._sealed(webhook, secret) | _values(webhook) | {"room": room}

        async def work(connection: Connection) -> Webhook | Literal["full", "ended"]:
            if not await hold(connection, webhook.owner):
                return "ended"
            row = await (await connection.execute(self._sql["add"], values)).fetchone()
            if row is None:
                return "full"
            await record(connection, act)
            return webhook_of(row)

        return await self._database.repeat(work)

    async def all(self, owner: str | None) -> list[Webhook]:
        """In the order in which they were made."""
        return [webhook_of(row) for row in await self._database.fetch(self._sql["all"], {"owner": owner})]

    async def one(self, webhook_id: str) -> Webhook | None:
        """Whoever's it is."""
        rows = await self._database.fetch(self._sql["one"], {"id": webhook_id})
        return webhook_of(rows[0]) if rows else None

    async def known(self, owner: str, ids: Collection[str]) -> bool:
        """Whether all of these are an owner's."""
        rows = await self._database.fetch(self._sql["known"], {"owner": owner, "ids": list(set(ids))})
        return bool(rows[0]["count"] == len(set(ids)))

    async def change(self, webhook: Webhook, enabled: bool, act: Act) -> Webhook | None:
        """None for one that is gone."""
        row = await self._write("change", _values(webhook) | {"enabled": enabled}, act)
        return webhook_of(row) if row else None

    async def remove(self, webhook_id: str, act: Act) -> bool:
        """With its deliveries; False for one that is gone."""
        return await self._write("remove", {"id": webhook_id}, act) is not None

    async def rotate(self, webhook: Webhook, secret: str, overlap: float, act: Act) -> Webhook | None:
        """The secret before it signs too for `overlap` seconds."""
        values = self._sealed(webhook, secret) | {"id": webhook.id, "overlap": overlap}
        row = await self._write("rotate", values, act)
        return webhook_of(row) if row else None

    async def send(self, telling: Telling, act: Act) -> Delivery | None:
        """A delivery that its owner asked for; None where the webhook is disabled or gone."""

        async def work(connection: Connection) -> bool:
            values = {
                name: getattr(telling, name) for name in ("id", "event_id", "target", "event", "body", "webhook_id")
            }
            row = await (await connection.execute(self._sql["tell_webhook"], values | {"job_id": None})).fetchone()
            if row is not None:
                await record(connection, act)
                await connection.execute(self._sql["rouse"], {"webhook_id": telling.webhook_id})
                await connection.execute(self._sql["wake"])
            return row is not None

        await self._database.repeat(work)
        found = await self.deliveries(telling.webhook_id or "", delivery_id=telling.id, limit=1)
        return found[0] if found else None

    async def deliveries(
        self,
        webhook_id: str,
        *,
        state: DeliveryState | None = None,
        delivery_id: str | None = None,
        before: tuple[datetime, str] | None = None,
        limit: int,
    ) -> list[Delivery]:
        """The newest first, after a position."""
        moment, place = before or (None, None)
        values = {"webhook_id": webhook_id, "state": state, "id": delivery_id, "before": moment, "before_id": place,
                  "limit": limit}  # fmt: skip
        return [Delivery(**row) for row in await self._database.fetch(self._sql["deliveries"], values)]

    async def again(self, webhook_id: str, delivery_id: str, act: Act) -> Delivery | None:
        """None, and nothing audited, for one that is not the webhook's or is on its way."""
        row = await self._write("again", {"id": delivery_id, "webhook_id": webhook_id}, act)
        return Delivery(**row) if row else None

    async def _write(self, statement: str, values: dict[str, Any], act: Act) -> dict[str, Any] | None:
        async def work(connection: Connection) -> dict[str, Any] | None:
            row = await (await connection.execute(self._sql[statement], values)).fetchone()
            if row is not None:
                await record(connection, act)
                await connection.execute(self._sql["wake"])
            return row

        return await self._database.repeat(work)

    def _sealed(self, webhook: Webhook, secret: str) -> dict[str, Any]:
        context = context_of(webhook.id, webhook.owner)
        return {"key_id": self._seal.key_id, "sealed": self._seal.seal(secret.encode(), context)}


def _values(webhook: Webhook) -> dict[str, Any]:
    names = ("id", "owner", "name", "url", "host", "events", "all_jobs", "kinds", "min_confidence")
    return {name: getattr(webhook, name) for name in names}
