"""Second factors in PostgreSQL: the database never sees a secret, and no code is good twice."""

from collections.abc import Sequence
from typing import Any, Literal

from infra.postgres.audit import record
from infra.postgres.mailbox import Mailbox
from infra.postgres.owning import Still, touched
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from infra.sealing import Seal
from schemas.accounts import Act, Factor
from schemas.mail import Mail


class PostgresFactors:
    """The gateway's `Factors`. Secrets are sealed under their account's id: moved to another row they do not open."""

    def __init__(self, database: Database, seal: Seal, mailbox: Mailbox | None = None) -> None:
        self._database = database
        self._seal = seal
        self._mailbox = mailbox
        self._sql = queries("factors")

    async def set_up(self, user_id: str, secret: str, salt: bytes, code_hashes: Sequence[bytes], act: Act) -> bool:
        """False where one is enabled."""
        values = {
            "user_id": user_id,
            "key_id": self._seal.key_id,
            "sealed": self._seal.seal(secret.encode(), context(user_id)),
            "salt": salt,
        }

        async def work(connection: Connection) -> bool:
            if not await (await connection.execute(self._sql["set_up"], values)).fetchone():
                return False
            await connection.execute(self._sql["drop_codes"], {"user_id": user_id})
            await connection.execute(self._sql["add_codes"], {"user_id": user_id, "hashes": list(code_hashes)})
            await record(connection, act)
            return True

        return await self._database.repeat(work)

    async def factor(self, user_id: str) -> Factor | None:
        """StoreRefused for a secret that was moved here from another row, or sealed under a key that is gone."""
        rows = await self._database.fetch(self._sql["factor"], {"user_id": user_id})
        if not rows:
            return None
        row = rows[0]
        secret = self._seal.open(bytes(row["sealed"]), context(user_id), row["key_id"]).decode()
        return Factor(secret=secret, salt=bytes(row["salt"]), enabled=row["enabled"], last_step=row["last_step"])

    async def enable(self, user_id: str, step: int, act: Act, mail: Mail | None) -> bool:
        """False where it is enabled already."""
        return await self._once("enable", {"user_id": user_id, "step": step}, act, mail)

    async def spend_step(self, user_id: str, step: int) -> bool:
        """Of any number at once one succeeds; the sign-in that it is for is audited by itself."""
        return bool(await self._database.fetch(self._sql["spend_step"], {"user_id": user_id, "step": step}))

    async def spend_code(self, user_id: str, code_hash: bytes, act: Act, mail: Mail | None) -> bool:
        """Of any number at once one succeeds."""
        return await self._once("spend_code", {"user_id": user_id, "code_hash": code_hash}, act, mail)

    async def remove(
        self, user_id: str, act: Act, mail: Mail | None, still: Still | None = None
    ) -> Literal["removed", "none", "gone", "overtaken"]:
        """Under the account's lock."""

        async def work(connection: Connection) -> Literal["removed", "none", "gone", "overtaken"]:
            if refused := await touched(connection, user_id, still):
                return refused
            done = await self._done(connection, "remove", {"user_id": user_id}, act, mail)
            return "removed" if done else "none"

        return await self._database.repeat(work)

    async def _once(self, statement: str, values: dict[str, Any], act: Act, mail: Mail | None) -> bool:
        async def work(connection: Connection) -> bool:
            return await self._done(connection, statement, values, act, mail)

        return await self._database.repeat(work)

    async def _done(
        self, connection: Connection, statement: str, values: dict[str, Any], act: Act, mail: Mail | None
    ) -> bool:
        if not await (await connection.execute(self._sql[statement], values)).fetchone():
            return False
        await record(connection, act)
        if mail and self._mailbox:
            await self._mailbox.post(connection, mail)
        return True


def context(user_id: str) -> str:
    """What a factor's secret is sealed for."""
    return f"factor {user_id}"
