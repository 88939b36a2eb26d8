"""Keys that tokens are signed with, in PostgreSQL: sealed, each bound to its kid."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog

from infra.errors import StoreRefused
from infra.postgres.audit import record
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from infra.sealing import Seal
from schemas.accounts import Act
from schemas.signing import SigningKey

log = structlog.get_logger()


class PostgresSigningKeys:
    """The gateway's `SigningKeys`. Every change is made under one advisory lock, with its audit line."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        self._sql = queries("signing")

    async def all(self) -> Sequence[SigningKey]:
        """Those that open; of others it is said once a look that they do not."""
        return self._opened(await self._database.fetch(self._sql["all"]))

    async def begin(self, first: SigningKey, fresh: SigningKey, following: SigningKey, act: Act) -> None:
        """A current and a next key where there is no current one that opens."""

        async def work(connection: Connection) -> None:
            await connection.execute(self._sql["lock"])
            rows = await (await connection.execute(self._sql["all"])).fetchall()
            if any(key.state == "current" for key in self._opened(rows)):
                return
            await connection.execute(self._sql["retire_all"])
            await self._put(connection, fresh if rows else first)
            await self._put(connection, following)
            await record(connection, act)

        await self._database.repeat(work)

    async def rotate(self, current: str, following: SigningKey, before: datetime, act: Act) -> bool:
        """Guarded by the kid that the caller believes to be the current one: of any number at once one does it."""

        async def work(connection: Connection) -> bool:
            await connection.execute(self._sql["lock"])
            if await (await connection.execute(self._sql["retire"], {"kid": current})).fetchone() is None:
                return False
            await connection.execute(self._sql["promote"])
            await self._put(connection, following)
            await connection.execute(self._sql["forget"], {"before": before})
            await record(connection, act)
            return True

        return await self._database.repeat(work)

    async def _put(self, connection: Connection, key: SigningKey) -> None:
        values = {
            "kid": key.kid,
            "state": key.state,
            "key_id": self._seal.key_id,
            "sealed": self._seal.seal(key.private, _context(key.kid)),
        }
        await connection.execute(self._sql["put"], values)

    def _opened(self, rows: Sequence[dict[str, Any]]) -> list[SigningKey]:
        found = []
        for row in rows:
            try:
                private = self._seal.open(bytes(row["sealed"]), _context(row["kid"]), row["key_id"])
            except StoreRefused as problem:
                log.warning("signing_key_unreadable", kid=row["kid"], error=str(problem))
                continue
            found.append(SigningKey(kid=row["kid"], private=private, state=row["state"], since=row["since"]))
        return found


def _context(kid: str) -> str:
    return f"signing key\n{kid}"
