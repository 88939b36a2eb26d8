"""Control over a job's open runs: each change with its event and its audit line in one transaction."""

from infra.postgres.audit import record
from infra.postgres.pool import Connection, Database
from infra.postgres.run_states import tell
from infra.postgres.sql import queries
from schemas.accounts import Act


class RunControl:
    """Every change takes effect within a second: dispatch is woken when it is committed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def cancel(self, job_id: str, act: Act) -> list[str]:
        """Marks every open run and wakes dispatch, which drops what waits."""
        return await self._change("cancel", {"job_id": job_id}, act, told=False)

    async def pause(self, job_id: str, act: Act) -> list[str]:
        """No new visit begins in its open runs, from the next second on."""
        return await self._change("pause", {"job_id": job_id}, act, told=True)

    async def resume(self, job_id: str, act: Act) -> list[str]:
        """Paused runs go on."""
        return await self._change("resume", {"job_id": job_id}, act, told=True)

    async def stop(self, job_id: str, act: Act) -> list[str]:
        """Open runs end with what they have under way."""
        return await self._change("stop", {"job_id": job_id}, act, told=True)

    async def adjust(self, job_id: str, priority: int | None, delay: float | None, act: Act) -> list[str]:
        """Another priority or delay for its open runs, from now on; None leaves it."""
        return await self._change("adjust", {"job_id": job_id, "priority": priority, "delay": delay}, act, told=False)

    async def _change(self, statement: str, values: dict[str, object], act: Act, *, told: bool) -> list[str]:
        async def work(connection: Connection) -> list[str]:
            rows = await (await connection.execute(queries("run_control")[statement], values)).fetchall()
            for row in rows if told else ():
                await tell(connection, row)
            if rows:
                await record(connection, act)
                await connection.execute(queries("jobs")["wake"])
            return [str(row["id"]) for row in rows]

        return await self._database.repeat(work)
