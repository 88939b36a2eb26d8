"""Replays in PostgreSQL: what they read, how far they are, and their rows of the frontier."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from psycopg.types.json import Jsonb

from infra.patience import patiently
from infra.postgres.dropping import PIECE
from infra.postgres.pool import Connection, Database
from infra.postgres.run_states import change_state
from infra.postgres.sql import queries
from infra.postgres.tally import Tally
from schemas.replays import Candidate, Offsets, Planned, Replay, Standing, Taken

W = TypeVar("W")

_NOT_KEPT = "raw-pages does not hold this page any more."
_NOBODY: dict[str, Any] = {"queued": 0, "issued": 0, "wanted": False, "paused": False, "over": True}


class Replays:
    """Every call is safe to say twice; outages are waited out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def next(self) -> Replay | None:
        """The oldest replay that has something to do."""
        rows = await self._rows("next", {})
        if not rows:
            return None
        row = rows[0]
        return Replay(
            run_id=row["run_id"],
            sources=row["sources"],
            since=_seconds(row["since"]),
            until=_seconds(row["until"]),
            pattern=row["pattern"],
            planned_to=row["planned_to"],
            begun_at=row["begun_at"] or 0.0,
            ended_at=row["ended_at"],
            reads_to=_offsets(row["reads_to"]) if row["seeded"] else None,
            published=_offsets(row["published"]),
            closing=_offsets(row["closing"]),
        )

    async def candidates(self, replay: Replay, after: str | None) -> tuple[list[Candidate], str | None]:
        """Some pages of the sources, whole fingerprints only, and the fingerprint after which the next ones come."""
        limit = max(50, PIECE // len(replay.sources))
        rows = await self._rows(
            "candidates",
            {
                "sources": list(replay.sources),
                "since": _moment(replay.since),
                "until": _moment(replay.until),
                "after": after,
                "limit": limit,
            },
        )
        counts: dict[str, list[str]] = {}
        for row in rows:
            counts.setdefault(row["run_id"], []).append(row["url_fp"])
        cut = min((fps[-1] for fps in counts.values() if len(fps) == limit), default=None)
        return [Candidate(**row) for row in rows if cut is None or row["url_fp"] <= cut], cut

    async def plan(self, run_id: str, rows: Sequence[Planned], to: str | None) -> bool:
        """Pages become rows, under the run's lock."""

        async def work(connection: Connection) -> bool:
            named, run = queries("replays"), {"run": run_id}
            if not (await _locked(connection, run_id))["wanted"]:
                return False
            await change_state(connection, run_id, "running", ["queued"])
            columns = {
                "row": [row.row for row in rows],
                "host": [row.host for row in rows],
                "url": [row.url for row in rows],
                "depth": [row.depth for row in rows],
            }
            added = len(await (await connection.execute(named["plan"], run | columns)).fetchall())
            await connection.execute(named["planned"], run | {"to": to})
            await _count(connection, run_id, requested=added, queued=added)
            return True

        return await self._do(work, "plan a replay")

    async def begin(self, run_id: str, reads_from: Offsets, reads_to: Offsets) -> None:
        """Every page is a row."""

        async def work(connection: Connection) -> None:
            values = {"run": run_id, "from": _json(reads_from), "to": _json(reads_to)}
            await connection.execute(queries("replays")["begin"], values)

        await self._do(work, "begin a replay")

    async def standing(self, run_id: str) -> Standing:
        """How the run stands now; one that is gone is not wanted."""
        rows = await self._rows("standing", {"run": run_id})
        row = rows[0] if rows else _NOBODY
        return Standing(
            wanted=row["wanted"], paused=row["paused"], over=row["over"], left=row["queued"] + row["issued"]
        )

    async def take(self, replay: Replay, visits: Sequence[tuple[str, str, str]]) -> list[Taken]:
        """Which visits are rows of the replay; those that wait are issued, under the run's lock."""

        async def work(connection: Connection) -> list[Taken]:
            standing = await _locked(connection, replay.run_id)
            values = {
                "run": replay.run_id,
                "wanted": standing["wanted"],
                "by_visit": replay.by_visit,
                "source": [source for source, _, _ in visits],
                "fp": [fp for _, fp, _ in visits],
                "fetch": [fetch for _, _, fetch in visits],
            }
            rows = await (await connection.execute(queries("replays")["take"], values)).fetchall()
            fresh = sum(row.pop("fresh") for row in rows)
            await _count(connection, replay.run_id, queued=-fresh, issued=fresh)
            return [Taken(**row) for row in rows]

        return await self._do(work, "take stored pages")

    async def note(self, run_id: str, published: Offsets, closing: Offsets) -> None:
        """How far it is."""
        await self._rows("note", {"run": run_id, "published": _json(published), "closing": _json(closing)})

    async def finish(self, run_id: str) -> None:
        """Closes what was planned and not found, piece by piece, and says how much that was. A run that is being ended
        is left to dispatch."""

        async def piece(connection: Connection) -> bool:
            named, run = queries("replays"), {"run": run_id}
            standing = await _locked(connection, run_id)
            if standing["wanted"]:
                values = run | {"reason": _NOT_KEPT, "limit": PIECE}
                row = await (await connection.execute(named["close_left"], values)).fetchone()
                waited, issued = (row["waited"], row["issued"]) if row else (0, 0)
                await _count(connection, run_id, queued=-waited, issued=-issued, failed=waited + issued)
                await connection.execute(named["explain"], run)
                if waited + issued == PIECE:
                    return False
            elif not standing["over"]:
                # Stopped: what was under way when its reader ended is not read any more.
                dropped = await (await connection.execute(queries("dispatch")["drop_reading"], run)).fetchall()
                await _count(connection, run_id, issued=-len(dropped), filtered=len(dropped))
            await connection.execute(named["finish"], run)
            await connection.execute(queries("frontier")["wake"])
            return True

        while not await self._do(piece, "finish a replay"):
            pass

    async def _do(self, work: Callable[[Connection], Awaitable[W]], what: str) -> W:
        return await patiently(lambda: self._database.repeat(work), what)

    async def _rows(self, name: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        return await patiently(lambda: self._database.fetch(queries("replays")[name], params), name)


async def _locked(connection: Connection, run_id: str) -> dict[str, Any]:
    row = await (await connection.execute(queries("replays")["lock_replay"], {"run": run_id})).fetchone()
    return row or dict(_NOBODY)


async def _count(connection: Connection, run_id: str, **counts: int) -> None:
    tally = Tally()
    tally.add(run_id, **counts)
    await tally.write(connection)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _offsets(value: Mapping[str, int] | None) -> dict[int, int]:
    return {int(partition): offset for partition, offset in (value or {}).items()}


def _json(offsets: Offsets) -> Jsonb:
    return Jsonb({str(partition): offset for partition, offset in offsets.items()})
