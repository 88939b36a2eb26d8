"""ClickHouse as the warehouse sees it: a token lands once."""

from typing import Any
from uuid import uuid4

import orjson

from schemas.inserts import Rows

AT = "2026-01-01T00:00:00.000Z"


def batch(run_id: str, counted_in: int = 1, at: str = AT) -> dict[str, object]:
    """A row of `batches`."""
    return {
        "id": str(uuid4()), "dataset": "d", "run_id": run_id, "job_id": str(uuid4()), "url": "http://site.test/",
        "counted_in": counted_in, "stored": counted_in, "rejected": 0, "filtered": 0, "partition": 0, "ingested_at": at,
    }  # fmt: skip


def rows_of(*found: dict[str, object]) -> Rows:
    """Rows as the warehouse sends them."""
    return Rows("batches", b"\n".join(orjson.dumps(row) for row in found), len(found))


async def test_a_token_lands_once(rows: Any) -> None:
    run_id, token = str(uuid4()), str(uuid4())
    two = rows_of(batch(run_id, 3), batch(run_id, 4))
    for _ in range(3):
        await rows.insert(two, token)
    assert await rows.of_run(run_id) == (2, 7)


async def test_the_same_rows_under_another_token_land_again(rows: Any) -> None:
    """Tokens, and not contents, tell a repeat: equal rows may be meant."""
    run_id, one = str(uuid4()), batch(str(uuid4()))
    one["run_id"] = run_id
    for _ in range(2):
        await rows.insert(rows_of(one), str(uuid4()))
    ids = [identity for identity in await rows.recent_ids("batches", [AT], 100_000) if identity == one["id"]]
    assert await rows.of_run(run_id) == (1, 1), "a run's batches are counted once, however often they are there"
    assert len(ids) == 2


async def test_a_run_without_batches_has_none(rows: Any) -> None:
    assert await rows.of_run(str(uuid4())) == (0, 0)


async def test_what_came_in_the_hour_up_to_a_moment_is_known(rows: Any) -> None:
    """However long ago that moment is, and whatever else came since: each partition has its own."""
    run_id = str(uuid4())
    times = ("02:59:59.999", "03:00:00.000", "04:00:00.000", "09:30:00.000", "10:00:00.000", "10:30:00.000")
    stored = {time: batch(run_id, at=f"2026-02-03T{time}Z") for time in times}
    for one in stored.values():
        await rows.insert(rows_of(one), str(uuid4()))
    names = {row["id"]: time for time, row in stored.items()}

    async def known(*moments: str) -> list[str]:
        found = await rows.recent_ids("batches", [f"2026-02-03T{moment}Z" for moment in moments], 100_000)
        return [names[identity] for identity in found]

    assert await known() == []
    assert await known("04:00:00.000") == ["04:00:00.000", "03:00:00.000"]
    assert await known("04:00:00.000", "10:00:00.000", "09:59:00.000") == [
        "10:00:00.000", "09:30:00.000", "04:00:00.000", "03:00:00.000",
    ]  # fmt: skip
    assert len(await rows.recent_ids("batches", [AT, "2026-02-03T10:00:00Z"], 2)) == 2
