"""What a job remembers of the pages that its runs have seen, for jobs that ask for freshness."""

from collections.abc import Sequence

from infra.postgres.pool import Connection
from infra.postgres.sql import queries
from schemas.closings import Memory
from schemas.freshness import Watched, wait_s


async def remember(connection: Connection, visits: Sequence[tuple[str, str, Memory]]) -> None:
    """Within the transaction that closes the tasks: (job id, url fingerprint, what was seen).

    A visit that is older than the newest one (another run of the job was there since) adds nothing.
    """
    if not visits:
        return
    named = queries("frontier")
    newest = {(job, fp): seen for job, fp, seen in sorted(visits, key=lambda visit: visit[2].seen_at)}
    keys = sorted(newest)
    cursor = await connection.execute(
        named["lock_memory"], {"job": [job for job, _ in keys], "fp": [fp for _, fp in keys]}
    )
    before = {(row["job_id"], row["url_fp"]): row for row in await cursor.fetchall()}
    rows = [row for key in keys if (row := _row(key, newest[key], before.get(key)))]
    if rows:
        await connection.execute(named["remember"], {name: [row[name] for row in rows] for name in rows[0]})


def _row(key: tuple[str, str], seen: Memory, before: dict[str, object] | None) -> dict[str, object] | None:
    wish = seen.freshness
    if before is None:
        if seen.links is None:
            return None  # what is unchanged was forgotten meanwhile: the next run asks for all of it
        watched, elapsed = Watched(), 0.0
        content_hash = seen.content_hash
    else:
        elapsed = seen.seen_at - _number(before["visited_at"])
        if elapsed <= 0:
            return None
        unchanged = seen.links is None or (seen.content_hash != "" and seen.content_hash == before["content_hash"])
        watched = Watched(_number(before["visits"]), _number(before["changes"]), _number(before["watched_s"]))
        watched = watched.after(elapsed, not unchanged)
        content_hash = seen.content_hash if seen.links is not None else str(before["content_hash"])
    wait = wait_s(watched, elapsed, interval=wish.interval, max_interval=wish.max_interval, adaptive=wish.adaptive)
    return {
        "job": key[0],
        "fp": key[1],
        "etag": seen.etag,
        "last_modified": seen.last_modified,
        "content_hash": content_hash,
        "links": seen.links,
        "visited_at": seen.seen_at,
        "visits": watched.visits,
        "changes": watched.changes,
        "watched_s": watched.seconds,
        "due_at": seen.seen_at + wait,
    }


def _number(value: object) -> float:
    return float(value)  # type: ignore[arg-type]  # a number of the row
