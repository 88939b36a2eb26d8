"""Quotas: what accounts may have, kept and enforced in the transactions that would take more."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from infra.postgres.audit import record
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from schemas.accounts import Act
from schemas.limits import Allowance, OwnerGone, QuotaSpent, Used

_UNLIMITED = Allowance()


class PostgresQuotas:
    """The gateway's `Quotas`."""

    def __init__(self, database: Database, usual: Allowance) -> None:
        self._database = database
        self._usual = usual

    async def standing(self, user_id: str) -> tuple[Allowance, Used] | None:
        """What an account may have, and what it has."""
        rows = await self._database.fetch(queries("quotas")["standing"], {"user": user_id, "stored": True})
        return (_allowance(rows[0], self._usual), _used(rows[0])) if rows else None

    async def allow(self, user_id: str, allowance: dict[str, int | None], act: Act) -> bool:
        """Another allowance; False where there is no such account."""

        async def work(connection: Connection) -> bool:
            cursor = await connection.execute(queries("quotas")["allow"], {"user": user_id, **allowance})
            if await cursor.fetchone() is None:
                return False
            await record(connection, act)
            return True

        return await self._database.repeat(work)


async def admit(connection: Connection, owner: str, usual: Allowance, *, runs: int = 1) -> None:
    """Whether `owner` may open another run; `runs` is 0 for one that holds no place. Openings of one account wait for
    each other until their transactions end, so that the last place is taken once, and so does its removal. Raises
    QuotaSpent, and OwnerGone for an account that was removed."""
    try:
        user = str(UUID(owner))
    except ValueError:
        return  # the system's own, and what came from outside under a name
    named = queries("quotas")
    await connection.execute(named["queue_up"], {"user": user})
    row = await (await connection.execute(named["standing"], {"user": user, "stored": False})).fetchone()
    if row is None:
        raise OwnerGone
    allowance = _allowance(row, usual)
    if runs and allowance.running_jobs is not None and row["running"] >= allowance.running_jobs:
        raise QuotaSpent("running_jobs", allowance.running_jobs, row["running"])
    if allowance.stored_records is not None:
        row = await (await connection.execute(named["standing"], {"user": user, "stored": True})).fetchone()
        if row and row["stored"] >= allowance.stored_records:
            raise QuotaSpent("stored_records", allowance.stored_records, row["stored"])


def _allowance(row: dict[str, Any], usual: Allowance) -> Allowance:
    """The account's own numbers; where it has none, nothing for administrators, else the usual ones."""
    base = _UNLIMITED if row["role"] == "admin" else usual
    own = {name: row[name] for name in ("running_jobs", "pages_a_day", "stored_records") if row[name] is not None}
    return replace(base, **{name: None if number < 0 else number for name, number in own.items()})


def _used(row: dict[str, Any]) -> Used:
    return Used(running_jobs=row["running"], pages_today=row["pages"], stored_records=row["stored"] or 0)
