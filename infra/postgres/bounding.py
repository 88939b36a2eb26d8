"""How much of what one answer names becomes rows: a site writes its sitemaps, the run's owner pays for the rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.postgres.pool import Connection
from infra.postgres.sql import queries
from schemas.closings import Closing
from schemas.frontier import MAX_BEYOND, MAX_SOURCES, TOO_MANY_SOURCES, FoundLink

Key = tuple[str, str]
"""Run and fingerprint, which name a row."""

Verdict = tuple[str | None, str]
"""Outcome and reason of a link that is closed at once; None: it is queued."""

Row = tuple[Closing, FoundLink, Verdict]
"""A link, with the answer that names it and what is said of it."""


async def within_bounds(
    connection: Connection, rows: Sequence[Row], runs: Mapping[str, Mapping[str, Any]]
) -> tuple[list[Row], dict[Key, int]]:
    """The rows to write, and for each answer how many of its links are left out without one. Under the runs' locks.

    A run queues MAX_SOURCES sitemaps and feeds; the others are rows that say why not. Of an answer's other links that
    the run does not know, those that the budget has room for and MAX_BEYOND more are written. A redirect's target
    takes its source's place and is always written.
    """
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        groups.setdefault((row[0].run_id, row[0].url_fp), []).append(row)
    if _all_fit(groups, runs):
        return list(rows), {}
    known = await _known(connection, rows)
    left = {run: _Left(MAX_SOURCES - row["sources"], _room(row)) for run, row in runs.items()}
    taken: list[Row] = []
    left_out: dict[Key, int] = {}
    for key, group in groups.items():
        new = [row for row in group if (key[0], row[1].url_fp) not in known]
        bounded = _bounded(new, left[key[0]])
        taken += bounded
        if len(bounded) < len(new):
            left_out[key] = len(new) - len(bounded)
    return taken, left_out


@dataclass
class _Left:
    """What a run still lets in."""

    sources: int
    pages: int

    def lets_in(self, kind: str, verdict: Verdict) -> bool:
        if verdict[0] is not None:
            return False
        if kind == "page":
            self.pages -= 1
            return self.pages >= 0
        self.sources -= 1
        return self.sources >= 0


def _all_fit(groups: Mapping[Key, Sequence[Row]], runs: Mapping[str, Mapping[str, Any]]) -> bool:
    """The common case, which asks nothing of the database: small answers, and sources within the run's bound."""
    wanted = dict.fromkeys(runs, 0)
    for (run, _), group in groups.items():
        wanted[run] += sum(link.kind != "page" for _, link, _ in group)
    return all(len(group) <= MAX_BEYOND for group in groups.values()) and all(
        wanted[run] <= MAX_SOURCES - row["sources"] for run, row in runs.items()
    )


def _bounded(group: Sequence[Row], left: _Left) -> list[Row]:
    """What of one answer's new links is written; those that may be visited come first."""
    spare = MAX_BEYOND
    taken: list[Row] = []
    for answer, link, verdict in sorted(group, key=lambda row: row[2][0] is not None):
        if not link.hops and not left.lets_in(link.kind, verdict):
            if spare == 0:
                continue
            spare -= 1
            if link.kind != "page" and verdict[0] is None:
                verdict = ("budget", TOO_MANY_SOURCES)
        taken.append((answer, link, verdict))
    return taken


def _room(run: Mapping[str, Any]) -> int:
    """First visits that are left beside those that wait; both terms are sure not to say too many."""
    taken: int = min(run["requested"], run["visited"] + run["queued"])
    return max(int(run["max_pages"]) - taken, 0)


async def _known(connection: Connection, rows: Sequence[Row]) -> set[Key]:
    values = {"run": [answer.run_id for answer, _, _ in rows], "fp": [link.url_fp for _, link, _ in rows]}
    cursor = await connection.execute(queries("frontier")["known_rows"], values)
    return {(row["run_id"], row["url_fp"]) for row in await cursor.fetchall()}
