"""Records from outside in PostgreSQL: runs that the gateway or an outsider's message opens, and their parts."""

from collections.abc import Sequence

import orjson

from infra.patience import patiently
from infra.postgres.audit import record
from infra.postgres.pool import Connection, Database
from infra.postgres.quotas import admit
from infra.postgres.run_states import change_state
from infra.postgres.sql import queries
from infra.postgres.tally import Tally
from schemas import codec
from schemas.accounts import Act
from schemas.events import Upload
from schemas.ledger import Opening
from schemas.limits import Allowance
from schemas.topics import UPLOADS
from schemas.uploads import Part, Taken


class UploadRuns:
    """Each call is one transaction, safe to say twice."""

    def __init__(self, database: Database, quota: Allowance | None = None) -> None:
        """`quota` is what an account may have that was given nothing else; without one it has no limit."""
        self._database = database
        self._quota = quota or Allowance()

    async def open(self, opening: Opening, uploads: Sequence[Upload], act: Act) -> None:
        """Job, run, every part and the audit line at once: what was answered with 202 will be in Kafka."""
        messages = [(upload.partition_key(), codec.encode(upload)) for upload in uploads]

        async def work(connection: Connection) -> None:
            values = _job(opening)
            if act.claim is not None:
                found = await connection.execute(queries("jobs")["made"], {"run_id": opening.run_id})
                if await found.fetchone():
                    return  # an earlier attempt of the same request has opened it
            await admit(connection, opening.owner, self._quota, runs=0)
            await connection.execute(queries("intake")["open_job"], values)
            await connection.execute(queries("intake")["open_run"], values)
            await _begin(connection, opening.run_id, len(messages))
            for key, value in messages:
                await connection.execute(queries("dispatch")["say"], {"topic": UPLOADS, "key": key, "value": value})
            await record(connection, act)
            await connection.execute(queries("frontier")["wake"])

        await self._database.repeat(work)

    async def job_of(self, run_id: str) -> tuple[str, str, str] | None:
        """Job, dataset and owner of a run."""
        rows = await patiently(lambda: self._database.fetch(queries("uploads")["run"], {"run": run_id}), "read a run")
        return (rows[0]["job_id"], rows[0]["dataset"], rows[0]["owner"]) if rows else None

    async def take(self, part: Part, *, failed: bool = False) -> Taken:
        """Counts a part once; says `taken` again to the message that it came by."""

        async def work(connection: Connection) -> Taken:
            if part.source:
                await _open_outsiders(connection, part)
            return await _take(connection, part, failed)

        return await patiently(lambda: self._database.repeat(work), "take an upload")


async def _begin(connection: Connection, run_id: str, parts: int) -> None:
    if await (await connection.execute(queries("uploads")["begin"], {"run": run_id, "parts": parts})).fetchone():
        await change_state(connection, run_id, "running", ["queued"])


async def _open_outsiders(connection: Connection, part: Part) -> None:
    opening = Opening(
        run_id=part.run_id,
        job_id=part.job_id,
        owner="kafka",
        name=f"upload to {part.dataset}",
        dataset=part.dataset,
        description={"type": "upload", "dataset": part.dataset, "urls": []},
        priority=0,
        max_pages=1,
    )
    await connection.execute(queries("intake")["open_job"], _job(opening))
    if await (await connection.execute(queries("intake")["open_run"], _job(opening))).fetchone() is None:
        return
    details = orjson.dumps({"source": part.source, "job": part.job_id}).decode()
    note = {"actor": "kafka", "action": "run.open", "object": part.run_id, "details": details}
    await connection.execute(queries("intake")["note"], note)
    await _begin(connection, part.run_id, 1)


async def _take(connection: Connection, part: Part, failed: bool) -> Taken:
    named = queries("uploads")
    values = {"run": part.run_id, "part": part.number, "place": part.place}
    if await (await connection.execute(named["lock"], values)).fetchone() is None:
        return "unknown"
    records = sum(count for _, count in part.batches)
    row = await (await connection.execute(named["take"], values | {"records": records})).fetchone()
    assert row is not None
    if row["place"] != part.place:
        return "repeated"
    if not row["new"]:
        return "taken"
    if part.batches:
        await connection.execute(
            queries("frontier")["promise_batches"],
            {
                "run": [part.run_id] * len(part.batches),
                "batch": [batch for batch, _ in part.batches],
                "fp": [part.url_fp] * len(part.batches),
                "records": [count for _, count in part.batches],
            },
        )
    tally = Tally()
    outcome = {"failed": 1} if failed else {"fetched": 1, "extracted": records}
    tally.add(part.run_id, issued=-1, **outcome)
    await tally.write(connection)
    await connection.execute(queries("frontier")["wake"])
    return "taken"


def _job(opening: Opening) -> dict[str, object]:
    return {
        "run": opening.run_id,
        "job": opening.job_id,
        "owner": opening.owner,
        "name": opening.name,
        "dataset": opening.dataset,
        "description": orjson.dumps(opening.description).decode(),
        "priority": opening.priority,
        "max_pages": opening.max_pages,
    }
