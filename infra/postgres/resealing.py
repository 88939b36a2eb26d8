"""Everything that is sealed in the database, and sealing it anew with the current key."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from string import Formatter
from typing import Any

from psycopg import sql

from infra.errors import StoreRefused
from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from infra.sealing import Seal

_NIL = "00000000-0000-0000-0000-000000000000"
_PIECE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedColumn:
    """A column of sealed values: `context` is what they are bound to, made of columns of their row. `first` sorts
    before every id."""

    table: str
    id: str
    context: str
    sealed: str = "sealed"
    key_id: str = "key_id"
    first: str = _NIL


SEALED = (
    SealedColumn(table="credentials", id="id", context="credentials\n{id}\n{owner}"),
    SealedColumn(table="run_cookies", id="id", context="run cookie {id}"),
    SealedColumn(table="mails", id="id", context="mail {id}"),
    SealedColumn(table="factors", id="user_id", context="factor {user_id}"),
    SealedColumn(table="signing_keys", id="kid", context="signing key\n{kid}", first=""),
    SealedColumn(table="idempotency_keys", id="id", context="idempotency {id}", sealed="answer"),
    SealedColumn(table="exports", id="id", context="export {id}"),
    SealedColumn(table="webhooks", id="id", context="webhook\n{id}\n{owner}"),
    SealedColumn(table="webhooks", id="id", context="webhook\n{id}\n{owner}", sealed="previous_sealed",
                 key_id="previous_key_id"),
)  # fmt: skip
"""All of them: a test holds this against the schema, and each context against what wrote it."""


@dataclass
class Resealed:
    """What came of it: rows that are under the current key now, and those that did not open under the key that they
    name, by table and id."""

    rows: int = 0
    unopened: list[str] = field(default_factory=list)


class Resealing:
    """In pieces of 200 rows, each a short transaction: it may be killed and begun again at any time, and nobody waits
    for it. StoreUnavailable when PostgreSQL goes away meanwhile."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal

    async def all(self, progress: Callable[[str, int], None]) -> Resealed:
        """Every row that is sealed with another key of ours."""
        done = Resealed()
        for column in SEALED:
            await self._column(column, done)
            progress(column.table, done.rows)
        return done

    async def in_use(self) -> Counter[str]:
        """By key the rows that need it to be opened."""
        found: Counter[str] = Counter()
        for column in SEALED:
            for row in await self._database.fetch(_query("in_use", column)):
                found[row["key_id"]] += row["count"]
        return found

    async def _column(self, column: SealedColumn, done: Resealed) -> None:
        after = column.first
        while True:
            seen = await self._database.repeat(partial(self._piece, column, after))
            if seen is None:
                return
            after, rows, unopened = seen
            done.rows += rows
            done.unopened += unopened

    async def _piece(
        self, column: SealedColumn, after: str, connection: Connection
    ) -> tuple[str, int, list[str]] | None:
        values = {"current": self._seal.key_id, "after": after, "most": _PIECE}
        rows = await (await connection.execute(_query("stale", column), values)).fetchall()
        if not rows:
            return None
        fresh, unopened = [], []
        for row in rows:
            try:
                fresh.append(self._fresh(column, row))
            except StoreRefused:
                unopened.append(f"{column.table} {row['row_id']}")
        cursor = connection.cursor()
        await cursor.executemany(_query("reseal", column), fresh)
        return rows[-1]["row_id"], len(fresh), unopened

    def _fresh(self, column: SealedColumn, row: dict[str, Any]) -> dict[str, Any]:
        context = column.context.format(**{name: str(row[name]) for name in _names(column)})
        sealed = bytes(row["row_sealed"])
        plain = self._seal.open(sealed, context, row["row_key_id"])
        return {
            "id": row["row_id"],
            "was": row["row_key_id"],
            "sealed": sealed,
            "fresh": self._seal.seal(plain, context),
            "current": self._seal.key_id,
        }


def _names(column: SealedColumn) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(column.context) if name]


def _query(name: str, column: SealedColumn) -> bytes:
    # The words come from the table above and nowhere else, and are quoted as identifiers all the same.
    template = sql.SQL(queries("resealing")[name].decode())
    made = template.format(
        table=sql.Identifier(column.table),
        id=sql.Identifier(column.id),
        sealed=sql.Identifier(column.sealed),
        key_id=sql.Identifier(column.key_id),
        context=sql.SQL(", ").join(sql.Identifier(part) for part in _names(column)),
    )
    return made.as_bytes()
