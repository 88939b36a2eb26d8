"""Tallies of failed tries in PostgreSQL, where every gateway counts and no restart forgets."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from infra.postgres.audit import record
from infra.postgres.mailbox import Mailbox
from infra.postgres.owning import Still, touched
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from schemas.accounts import Act, Tally, Verdict


class PostgresAttempts:
    """The gateway's `Attempts`: under row locks, so that of any number at once each is counted."""

    def __init__(self, database: Database, mailbox: Mailbox | None = None) -> None:
        self._database = database
        self._mailbox = mailbox
        self._sql = queries("attempts")

    async def weigh(
        self, subjects: Sequence[str], judge: Callable[[Mapping[str, Tally], datetime], Verdict]
    ) -> Verdict:
        """What `judge` says of these subjects, kept."""
        asked = {"subjects": sorted(set(subjects))}

        async def work(connection: Connection) -> Verdict:
            await connection.execute(self._sql["begin"], asked)
            rows = await (await connection.execute(self._sql["lock"], asked)).fetchall()
            moment = await (await connection.execute(self._sql["now"])).fetchone()
            assert moment is not None
            tallies = {
                row["subject"]: Tally(
                    failures=row["failures"], last_at=row["last_at"], blocked_until=row["blocked_until"]
                )
                for row in rows
                if row["begun"]
            }
            verdict = judge(tallies, moment["now"])
            for name, tally in verdict.tallies.items():
                values = {"subject": name, "failures": tally.failures, "last_at": tally.last_at,
                          "blocked_until": tally.blocked_until}  # fmt: skip
                await connection.execute(self._sql["keep"], values)
            if verdict.act:
                await record(connection, verdict.act)
            if verdict.mail and self._mailbox:
                await self._mailbox.post(connection, verdict.mail)
            await connection.execute(self._sql["forget"])
            return verdict

        return await self._database.repeat(work)

    async def clear(
        self, user_id: str, beginning: str, act: Act, still: Still | None = None
    ) -> Literal["cleared", "gone", "overtaken"]:
        """Forgets an account's tallies, whose subjects begin so, under the account's lock."""

        async def work(connection: Connection) -> Literal["cleared", "gone", "overtaken"]:
            if refused := await touched(connection, user_id, still):
                return refused
            await connection.execute(self._sql["clear"], {"beginning": beginning})
            await record(connection, act)
            return "cleared"

        return await self._database.repeat(work)
