"""Idempotency keys in PostgreSQL: who works on a request, whether its deed is done, and what was answered."""

from dataclasses import asdict

import orjson

from infra.postgres.pool import Connection, Database
from infra.postgres.sql import queries
from infra.sealing import Seal
from schemas.accounts import Claim
from schemas.errors import DeedDone
from schemas.idempotency import Held, KeptAnswer, Standing

LEASE_S = 6.0
"""For so long an attempt counts as under way unless it says so again: a killed gateway's request may be repeated after
it."""


class IdempotencyKeys:
    """One row a key. Answers are sealed under the row's id."""

    def __init__(self, database: Database, seal: Seal, lease: float = LEASE_S) -> None:
        self._database = database
        self._seal = seal
        self._lease = lease
        self._sql = queries("idempotency")

    async def claim(self, claim: Claim, body_hash: bytes, deed: str) -> Standing:
        """Of any number of attempts at once one gets Held."""
        values = {"id": claim.key, "attempt": claim.attempt, "body_hash": body_hash, "deed": deed, "lease": self._lease}
        rows = await self._database.fetch(self._sql["claim"], values)
        if rows:
            return Held(str(rows[0]["deed"]), self._lease)
        known = await self._database.fetch(self._sql["known"], {"id": claim.key})
        if not known:
            return "under way"
        row = known[0]
        if bytes(row["body_hash"]) != body_hash:
            return "another request"
        if row["answer"] is None:
            return "under way"
        plain = self._seal.open(bytes(row["answer"]), f"idempotency {claim.key}", row["key_id"])
        kept = orjson.loads(plain)
        return KeptAnswer(kept["status"], kept["headers"], kept["body"].encode())

    async def renew(self, claim: Claim) -> None:
        """Another lease."""
        await self._say("renew", claim, lease=self._lease)

    async def release(self, claim: Claim, *, undone: bool) -> None:
        """Others may try at once; `undone`: the attempt was refused and has changed nothing."""
        await self._say("release", claim, undone=undone)

    async def answer(self, claim: Claim, answer: KeptAnswer) -> None:
        """Kept for a day."""
        plain = orjson.dumps(asdict(answer) | {"body": answer.body.decode()})
        sealed = self._seal.seal(plain, f"idempotency {claim.key}")
        await self._say("answer", claim, key_id=self._seal.key_id, answer=sealed)

    async def _say(self, statement: str, claim: Claim, **values: object) -> None:
        await self._database.fetch(self._sql[statement], {"id": claim.key, "attempt": claim.attempt, **values})


async def do_once(connection: Connection, claim: Claim) -> None:
    """Within a deed's transaction: marks it done by this attempt. DeedDone where that is not its right (any more),
    which rolls the deed back."""
    cursor = await connection.execute(queries("idempotency")["do"], {"key": claim.key, "attempt": claim.attempt})
    if await cursor.fetchone() is None:
        raise DeedDone("This request was carried out before.")
