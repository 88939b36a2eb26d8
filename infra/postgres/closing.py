"""Extraction's side of the frontier: the transaction in which tasks are closed, retried, and links are found."""

from collections.abc import Sequence

from infra.postgres.bounding import Key, Row, Verdict, within_bounds
from infra.postgres.pool import Connection
from infra.postgres.remembering import remember
from infra.postgres.sql import queries
from infra.postgres.tally import Tally
from schemas.closings import Before, Closed, Closing
from schemas.frontier import FoundLink, left_out_note, priority_of


async def close(connection: Connection, answers: Sequence[Closing]) -> list[Closed]:
    """Closes a batch of tasks within the caller's transaction, and says of each answer what became of it. Said again
    an answer that was written finds itself held."""
    named, tally = queries("frontier"), Tally()
    runs = {
        row["id"]: row
        for row in await (
            await connection.execute(named["lock_runs"], {"runs": sorted({answer.run_id for answer in answers})})
        ).fetchall()
    }
    final = [answer for answer in answers if answer.retry_at is None]
    claimed = await _claim(connection, final)
    before = await _held_before(connection, [a for a in final if (a.run_id, a.url_fp) not in claimed])
    retried = await _queue_again(connection, [answer for answer in answers if answer.retry_at is not None], tally)
    fresh = [answer for answer in final if (answer.run_id, answer.url_fp) in claimed]
    seen = [(str(runs[answer.run_id]["job_id"]), answer.url_fp, answer.memory) for answer in fresh if answer.memory]
    await remember(connection, seen)
    for answer in fresh:
        tally.add(answer.run_id, issued=-1, extracted=answer.records, **{answer.klass: 1})
        tally.at_host(answer.run_id, answer.host, issued=-1)
    links = await _insert_links(connection, fresh, claimed, runs, tally)
    await _promise(connection, fresh)
    await tally.write(connection)
    if fresh or retried:
        await connection.execute(named["wake"])
    closed = []
    for answer in answers:
        key = (answer.run_id, answer.url_fp)
        said = before.get(key)
        other = said if said and (said[0], said[3]) != (answer.outcome, answer.records) else None
        closed.append(Closed(key in claimed or said is not None, links.get(key, 0), key in retried, other))
    return closed


async def _claim(connection: Connection, answers: Sequence[Closing]) -> dict[Key, int]:
    """The rows that were won, with their priorities."""
    if not answers:
        return {}
    ordered = sorted(answers, key=lambda answer: (answer.run_id, answer.url_fp))
    cursor = await connection.execute(
        queries("frontier")["claim"],
        {
            "run": [answer.run_id for answer in ordered],
            "fp": [answer.url_fp for answer in ordered],
            "fetch": [answer.fetch_id for answer in ordered],
            "attempt": [answer.attempt for answer in ordered],
            "whole": [answer.whole for answer in ordered],
            "outcome": [answer.outcome for answer in ordered],
            "klass": [answer.klass for answer in ordered],
            "status": [answer.status for answer in ordered],
            "records": [answer.records for answer in ordered],
            "reason": [answer.reason for answer in ordered],
        },
    )
    return {(row["run_id"], row["url_fp"]): row["priority"] for row in await cursor.fetchall()}


async def _held_before(connection: Connection, answers: Sequence[Closing]) -> dict[Key, Before]:
    if not answers:
        return {}
    cursor = await connection.execute(
        queries("frontier")["held_before"],
        {
            "run": [answer.run_id for answer in answers],
            "fp": [answer.url_fp for answer in answers],
            "fetch": [answer.fetch_id for answer in answers],
        },
    )
    return {
        (row["run_id"], row["url_fp"]): (row["outcome"], row["klass"], row["reason"], row["records"])
        for row in await cursor.fetchall()
    }


async def _queue_again(connection: Connection, answers: Sequence[Closing], tally: Tally) -> set[Key]:
    if not answers:
        return set()
    ordered = sorted(answers, key=lambda answer: (answer.run_id, answer.url_fp))
    cursor = await connection.execute(
        queries("frontier")["queue_again"],
        {
            "run": [answer.run_id for answer in ordered],
            "fp": [answer.url_fp for answer in ordered],
            "attempt": [answer.attempt for answer in ordered],
            "tries": [answer.tries for answer in ordered],
            "whole": [answer.whole for answer in ordered],
            "counts": [answer.counts for answer in ordered],
            "status": [answer.status for answer in ordered],
            "reason": [answer.reason for answer in ordered],
            "retry_at": [answer.retry_at for answer in ordered],
        },
    )
    queued = {(row["run_id"], row["url_fp"]) for row in await cursor.fetchall()}
    for answer in ordered:
        if (answer.run_id, answer.url_fp) in queued:
            tally.add(answer.run_id, issued=-1, queued=1)
            tally.at_host(answer.run_id, answer.host, queued=1, issued=-1, ready_at=answer.retry_at)
    return queued


async def _insert_links(
    connection: Connection,
    answers: Sequence[Closing],
    claimed: dict[Key, int],
    runs: dict[str, dict[str, object]],
    tally: Tally,
) -> dict[Key, int]:
    """Inserts what the claimed pages link to; a run without budget or that was cancelled takes no more."""
    named = queries("frontier")
    found: dict[Key, tuple[Closing, FoundLink]] = {}
    for answer in answers:
        for link in answer.links:
            known = found.get((answer.run_id, link.url_fp))
            if known is None or link.depth < known[1].depth:
                found[answer.run_id, link.url_fp] = (answer, link)
    if not found:
        return {}
    rows = [(answer, link, _verdict(link, runs[answer.run_id])) for answer, link in found.values()]
    taken, left_out = await within_bounds(connection, rows, runs)
    await _note(connection, left_out)
    cursor = await connection.execute(named["insert_links"], _link_columns(taken, claimed))
    new: dict[Key, int] = {}
    for row in await cursor.fetchall():
        run, waits = row["run_id"], row["state"] == "queued"
        answer, link = found[run, row["url_fp"]]
        source = waits and link.kind != "page" and link.hops == 0
        tally.add(run, requested=1, sources=int(source), **{"queued" if waits else "filtered": 1})
        if waits:
            tally.at_host(run, row["host"], queued=1)
        key = (run, answer.url_fp)
        new[key] = new.get(key, 0) + 1
    await _come_nearer(connection, [(a, link) for a, link, verdict in rows if verdict[0] is None], tally)
    return new


async def _note(connection: Connection, left_out: dict[Key, int]) -> None:
    if left_out:
        values = {
            "run": [run for run, _ in left_out],
            "fp": [fp for _, fp in left_out],
            "note": [left_out_note(count) for count in left_out.values()],
        }
        await connection.execute(queries("frontier")["note_left_out"], values)


def _link_columns(rows: Sequence[Row], claimed: dict[Key, int]) -> dict[str, object]:
    """A redirect's target takes its source's place in the order, anything else its own."""
    return {
        "run": [answer.run_id for answer, _, _ in rows],
        "fp": [link.url_fp for _, link, _ in rows],
        "kind": [link.kind for _, link, _ in rows],
        "host": [link.host for _, link, _ in rows],
        "url": [link.url for _, link, _ in rows],
        "depth": [link.depth for _, link, _ in rows],
        "hops": [link.hops for _, link, _ in rows],
        "priority": [
            claimed[answer.run_id, answer.url_fp] if link.hops else priority_of(link.kind, link.depth)
            for answer, link, _ in rows
        ],
        "outcome": [verdict[0] for _, _, verdict in rows],
        "reason": [verdict[1] for _, _, verdict in rows],
        "found_on": [answer.source for answer, _, _ in rows],
    }


def _verdict(link: FoundLink, run: dict[str, object]) -> Verdict:
    if link.outcome is not None:
        return link.outcome, link.reason
    if run["cancelled"]:
        return "cancelled", ""
    if link.hops == 0 and int(str(run["visited"])) >= int(str(run["max_pages"])):
        return "budget", ""
    return None, ""


async def _come_nearer(connection: Connection, links: Sequence[tuple[Closing, FoundLink]], tally: Tally) -> None:
    if not links:
        return
    cursor = await connection.execute(
        queries("frontier")["come_nearer"],
        {
            "run": [answer.run_id for answer, _ in links],
            "fp": [link.url_fp for _, link in links],
            "depth": [link.depth for _, link in links],
        },
    )
    for row in await cursor.fetchall():
        if row["let_in"]:
            tally.add(row["run_id"], filtered=-1, queued=1)
            tally.at_host(row["run_id"], row["host"], queued=1)


async def _promise(connection: Connection, answers: Sequence[Closing]) -> None:
    rows = [(answer, batch, count) for answer in answers for batch, count in answer.batches]
    if rows:
        await connection.execute(
            queries("frontier")["promise_batches"],
            {
                "run": [answer.run_id for answer, _, _ in rows],
                "batch": [batch for _, batch, _ in rows],
                "fp": [answer.url_fp for answer, _, _ in rows],
                "records": [count for _, _, count in rows],
            },
        )
