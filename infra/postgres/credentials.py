"""Sealed credentials of sites in PostgreSQL: the database never sees a secret."""

from typing import Any, Literal

import orjson
import structlog

from infra.errors import StoreRefused
from infra.postgres.audit import record
from infra.postgres.owning import hold
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from infra.sealing import Seal
from schemas.accounts import Act
from schemas.credentials import OpenCredential, SiteCredential, SiteSecret

log = structlog.get_logger()


class SiteCredentials:
    """The gateway's and the fetcher's. Every write leaves its audit line in the same transaction."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        self._sql = queries("credentials")

    async def add(
        self, credential: SiteCredential, secret: SiteSecret, act: Act, room: int
    ) -> SiteCredential | Literal["taken", "full", "ended"]:
        """As it is kept, or why nothing is written. Counted, and its owner looked at, under the account's lock."""
        plain = orjson.dumps({"user": secret.user, "label": secret.label, "secret": secret.secret})
        values = {
            "id": credential.id,
            "owner": credential.owner,
            "name": credential.name,
            "kind": credential.kind,
            "host": credential.host,
            "scheme": credential.scheme,
            "sealed": self._seal.seal(plain, _context(credential)),
            "key_id": self._seal.key_id,
            "room": room,
        }

        async def work(connection: Connection) -> SiteCredential | Literal["taken", "full", "ended"]:
            if not await hold(connection, credential.owner):
                return "ended"
            row = await (await connection.execute(self._sql["add"], values)).fetchone()
            if row is None:
                known = await (await connection.execute(self._sql["known"], values)).fetchone()
                return "taken" if known and known["known"] else "full"
            await record(connection, act)
            return _known(row)

        return await self._database.repeat(work)

    async def all(self, owner: str) -> list[SiteCredential]:
        """An owner's, by name."""
        return [_known(row) for row in await self._database.fetch(self._sql["all"], {"owner": owner})]

    async def known(self, owner: str, name: str) -> bool:
        """Whether an owner has one of that name."""
        rows = await self._database.fetch(self._sql["known"], {"owner": owner, "name": name})
        return bool(rows[0]["known"])

    async def remove(self, owner: str, credential_id: str, act: Act) -> bool:
        """False, and nothing audited, for one that is not the owner's."""

        async def work(connection: Connection) -> bool:
            values = {"id": credential_id, "owner": owner}
            if await (await connection.execute(self._sql["remove"], values)).fetchone() is None:
                return False
            await record(connection, act)
            return True

        return await self._database.repeat(work)

    async def open(self, run_id: str, reference: str) -> OpenCredential | None:
        """What a run's owner means by a name or an id, ready to be sent; None for none that can be opened."""
        rows = await self._database.fetch(self._sql["of_run"], {"run": run_id, "reference": reference})
        if not rows:
            log.warning("credentials_unknown", run_id=run_id, name=reference)
            return None
        known = _known(rows[0])
        try:
            plain = self._seal.open(bytes(rows[0]["sealed"]), _context(known), rows[0]["key_id"])
        except StoreRefused as problem:
            log.error("credentials_unreadable", id=known.id, error=str(problem))
            return None
        return OpenCredential.of(known, SiteSecret(**orjson.loads(plain)))


def _context(credential: SiteCredential) -> str:
    return f"credentials\n{credential.id}\n{credential.owner}"


def _known(row: dict[str, Any]) -> SiteCredential:
    values = {name: row[name] for name in SiteCredential.__dataclass_fields__}
    return SiteCredential(**values | {"id": str(row["id"])})
