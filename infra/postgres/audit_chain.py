"""The audit log's chain in PostgreSQL: seals for new lines, and pieces of it for whoever holds it against its lines."""

from collections.abc import AsyncIterator

from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from schemas.audit import BEGINNING, ChainStatus, Head, SealedLine, digest
from schemas.audit_walk import Link

_LINE = tuple(SealedLine.__dataclass_fields__)
_PIECE = 4000


class AuditChain:
    """Reading needs no more than the application's role, and sealing neither: it may add seals and never change one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = queries("audit")

    async def waiting(self) -> bool:
        """Whether any line has no seal yet."""
        return bool((await self._database.fetch(self._sql["waiting"]))[0]["waiting"])

    async def seal(self, most: int = 1000) -> Head | None:
        """Seals up to `most` of the lines that wait; the new head, None where none waited. StoreRefused where another
        sealer was first: then nothing was sealed here, and the next call begins behind it."""
        return await self._database.repeat(lambda connection: self._seal(connection, most))

    async def _seal(self, connection: Connection, most: int) -> Head | None:
        head = await (await connection.execute(self._sql["head"])).fetchone()
        rows = await (await connection.execute(self._sql["take"], {"most": most})).fetchall()
        if not rows:
            return None
        position, before = (head["position"], bytes(head["hash"])) if head else (0, BEGINNING)
        hashes = []
        for row in rows:
            position += 1
            before = digest(before, position, row["now_us"], SealedLine(**{name: row[name] for name in _LINE}))
            hashes.append(before)
        values = {
            "positions": list(range(position - len(rows) + 1, position + 1)),
            "ids": [row["id"] for row in rows],
            "hashes": hashes,
        }
        await connection.execute(self._sql["seal"], values)
        newest = await (await connection.execute(self._sql["head"])).fetchone()
        return Head(**newest) if newest else None

    async def status(self) -> ChainStatus:
        """How far the sealer is."""
        row = (await self._database.fetch(self._sql["status"]))[0]
        head = {name: row[name] for name in Head.__dataclass_fields__}
        return ChainStatus(
            head=Head(**head | {"hash": bytes(head["hash"])}) if head["position"] else None,
            waiting=row["waiting"],
            oldest_s=row["oldest_s"],
        )

    async def links(self, after: int, upto: int) -> AsyncIterator[list[Link]]:
        """The chain from behind a position up to another one, in pieces. Each piece is one look: lines and seals only
        ever come together."""
        while True:
            values = {"after": after, "upto": upto, "most": _PIECE}
            rows = await self._database.fetch(self._sql["sealed"], values)
            if not rows:
                return
            yield [
                Link(
                    position=row["position"],
                    audit_id=row["audit_id"],
                    sealed_us=row["sealed_us"],
                    hash=bytes(row["hash"]),
                    line=SealedLine(id=row["audit_id"], **{name: row[name] for name in _LINE if name != "id"})
                    if row["present"]
                    else None,
                )
                for row in rows
            ]
            after = rows[-1]["position"]

    async def loose(self) -> AsyncIterator[tuple[int, list[int]]]:
        """Lines that neither are sealed nor wait for it: piece by piece the last line looked at, and those."""
        after = -(2**63)
        while True:
            row = (await self._database.fetch(self._sql["loose"], {"after": after, "most": 4 * _PIECE}))[0]
            if row["last"] is None:
                return
            after = row["last"]
            yield after, list(row["loose"])

    async def lost(self) -> list[int]:
        """Lines that were removed while they waited for their seal."""
        return [row["id"] for row in await self._database.fetch(self._sql["lost"])]

    async def hashes(self, positions: list[int]) -> dict[int, str]:
        """The hashes at positions, in hexadecimal; those that are not there are left out."""
        rows = await self._database.fetch(self._sql["hashes"], {"positions": positions})
        return {row["position"]: bytes(row["hash"]).hex() for row in rows}
