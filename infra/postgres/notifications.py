"""What is to be told, in PostgreSQL: written once for its event and target, sent by whoever holds it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import structlog
from psycopg.types.json import Jsonb

from infra.errors import StoreRefused
from infra.patience import patiently
from infra.postgres.mailbox import Mailbox
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from infra.sealing import Seal
from schemas.mail import Mail, one_line
from schemas.webhooks import Attempt, Audience, DueDelivery, Shares, Telling, Webhook

log = structlog.get_logger()

MAILS_AN_HOUR = 6
"""To one address about one job; what is beyond that comes in one mail."""

HELD_S = 3600.0
FAILING_S = 5 * 86_400.0
"""For so long a webhook may fail before it is disabled."""

DigestMail = Callable[[str, str, Sequence[str]], Mail]
"""An address, a job's name, and the subjects of the mails that were held back."""


def context_of(webhook_id: str, owner: str) -> str:
    """What a webhook's secret is sealed for."""
    return f"webhook\n{webhook_id}\n{owner}"


def webhook_of(row: Mapping[str, Any]) -> Webhook:
    """A row of `webhooks`, without its secrets."""
    return Webhook(**{name: row[name] for name in Webhook.__dataclass_fields__})


class PostgresTellings:
    """The stage's side, and that of the digests. Outages are waited out."""

    def __init__(self, database: Database, mailbox: Mailbox) -> None:
        self._database = database
        self._mailbox = mailbox
        self._sql = queries("notifications")

    async def audiences(self, runs: Collection[str]) -> Mapping[str, Audience]:
        """By run."""

        async def ask() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
            jobs = await self._database.fetch(self._sql["audiences"], {"runs": list(runs)})
            owners = list({row["owner"] for row in jobs})
            return jobs, await self._database.fetch(self._sql["webhooks_of"], {"owners": owners})

        jobs, hooks = await patiently(ask, "ask who is to be told")
        of_owner: dict[str, list[Webhook]] = {}
        for row in hooks:
            of_owner.setdefault(row["owner"], []).append(webhook_of(row))
        return {
            row["run_id"]: Audience(
                run_id=row["run_id"], job_id=row["job_id"], job_name=row["job_name"],
                notifications=row["notifications"] or {}, webhooks=of_owner.get(row["owner"], []),
            )
            for row in jobs
        }  # fmt: skip

    async def write(self, told: Sequence[Telling]) -> None:
        """In one transaction: what was written before stays as it is, and nobody is told twice."""

        async def work(connection: Connection) -> None:
            await self.write_within(connection, told)

        await patiently(lambda: self._database.repeat(work), "write down who is told")

    async def write_within(self, connection: Connection, told: Sequence[Telling]) -> None:
        """The same in the transaction of what is told."""
        for name in sorted({f"{one.job_id} {one.target}" for one in told if one.mail}):
            await connection.execute(self._sql["lock_bound"], {"name": name})
        for telling in told:
            await self._write(connection, telling)
        if told:
            await connection.execute(self._sql["wake"])

    async def _write(self, connection: Connection, telling: Telling) -> None:
        names = ("id", "event_id", "target", "event", "job_id", "body", "webhook_id")
        values = {name: getattr(telling, name) for name in names} | {"most": MAILS_AN_HOUR}
        if telling.mail is None:
            await connection.execute(self._sql["tell_webhook"], values)
            return
        row = await (await connection.execute(self._sql["tell_address"], values)).fetchone()
        if row is not None and row["state"] == "mailed":
            await self._mailbox.post(connection, telling.mail)

    async def sum_up(self, digest_mail: DigestMail, after: float = HELD_S) -> bool:
        """One mail for what was held back at least `after` seconds ago for one address of one job; False: nothing."""

        async def work(connection: Connection) -> bool:
            rows = await (await connection.execute(self._sql["sum_up"], {"after": after})).fetchall()
            if not rows:
                return False
            rows.sort(key=lambda row: row["created_at"])
            address = rows[0]["target"].removeprefix("mail:")
            mail = digest_mail(address, rows[0]["job_name"], [row["body"] for row in rows])
            await self._mailbox.post(connection, mail)
            return True

        return await self._database.repeat(work)

    async def forget(self) -> int:
        """Deliveries of a month ago."""
        return len(await self._database.fetch(self._sql["forget"]))


class PostgresDeliveries:
    """The webhook sender's side."""

    def __init__(self, database: Database, seal: Seal, mailbox: Mailbox, patience: float = FAILING_S) -> None:
        self._database = database
        self._seal = seal
        self._mailbox = mailbox
        self._patience = patience
        self._sql = queries("notifications")

    async def take(self, most: int, lease: float, shares: Shares, busy: Collection[DueDelivery]) -> list[DueDelivery]:
        """Held for `lease` seconds. One whose webhook's secret does not open is given up."""
        values = {
            "most": most, "lease": lease, **asdict(shares),
            "hosts": [one.host for one in busy], "owners": [one.owner for one in busy],
            "webhooks": [one.webhook_id for one in busy], "doubtful": [one.doubtful for one in busy],
        }  # fmt: skip
        found = []
        for row in await self._database.fetch(self._sql["take"], values):
            secrets, why = self._secrets(row)
            names = ("id", "webhook_id", "owner", "failures", "doubtful", "url", "host", "body", "tries")
            due = DueDelivery(secrets=secrets, **{name: row[name] for name in names})
            if secrets:
                found.append(due)
            else:
                log.error("webhook_unreadable", webhook=due.webhook_id, why=why)
                unread = Attempt(status=None, ms=0.0, body="", why=f"{why} Rotate it.")
                await self.not_delivered(due, unread, None, rest=0.0)
        return found

    def _secrets(self, row: Mapping[str, Any]) -> tuple[list[str], str]:
        found, why, context = [], "", context_of(row["webhook_id"], row["owner"])
        for key_id, sealed in ((row["key_id"], row["sealed"]), (row["previous_key_id"], row["previous_sealed"])):
            try:
                if sealed is not None:
                    found.append(self._seal.open(bytes(sealed), context, key_id).decode())
            except StoreRefused as problem:
                why = why or str(problem)
        return found, why

    async def delivered(self, due: DueDelivery, attempt: Attempt) -> None:
        """Its webhook is well."""

        async def work(connection: Connection) -> None:
            await connection.execute(
                self._sql["delivered"], {"id": due.id, "attempt": await _noted(connection, attempt)}
            )
            await connection.execute(self._sql["well"], {"webhook_id": due.webhook_id})

        await patiently(lambda: self._database.repeat(work), "note a delivery")

    async def not_delivered(self, due: DueDelivery, attempt: Attempt, wait: float | None, rest: float) -> None:
        """Later or never; a webhook that is gone, or has failed for too long, is disabled."""

        async def work(connection: Connection) -> None:
            noted = {"id": due.id, "attempt": await _noted(connection, attempt), "wait": wait}
            await connection.execute(self._sql["failed" if wait is None else "later"], noted)
            asked = {"webhook_id": due.webhook_id, "failures": due.failures, "rest": rest, "gone": attempt.gone,
                     "patience": self._patience}  # fmt: skip
            row = await (await connection.execute(self._sql["ill"], asked)).fetchone()
            if row and row["over"]:
                await self._disable(connection, row, attempt)

        await patiently(lambda: self._database.repeat(work), "note a failed delivery")

    async def _disable(self, connection: Connection, row: Mapping[str, Any], attempt: Attempt) -> None:
        why = "It answered 410 Gone." if attempt.gone else f"It failed for {self._patience / 86_400:g} days."
        await connection.execute(self._sql["disable"], {"webhook_id": row["id"], "why": f"{why} {attempt.why}"[:500]})
        log.warning("webhook_disabled", webhook=row["id"], why=why)
        owner = await (await connection.execute(self._sql["address_of"], {"owner": row["owner"]})).fetchone()
        if owner is None:
            return
        text = (
            f"The webhook {one_line(row['name'])} ({row['url'][:500]}) is disabled. {why}\n"
            f"The last answer: {attempt.why}\n\n"
            f"Enable it with PATCH /api/v1/webhooks/{row['id']} once it can be reached.\n"
        )
        mail = Mail(kind="webhook_disabled", recipient=owner["email"], text=text,
                    subject=f"[Trawl] The webhook {one_line(row['name'])} is disabled")  # fmt: skip
        await self._mailbox.post(connection, mail)


async def _noted(connection: Connection, attempt: Attempt) -> Jsonb:
    row = await (await connection.execute(queries("schedules")["clock"])).fetchone()
    at = row["now"].isoformat() if row else ""
    return Jsonb([{"at": at, "status": attempt.status, "ms": attempt.ms, "body": attempt.body, "why": attempt.why}])
