"""The frontier as extraction sees it."""

from collections.abc import Sequence
from typing import Any

from infra.patience import patiently
from infra.postgres.closing import close
from infra.postgres.pool import Database
from infra.postgres.sql import queries
from schemas.closings import Closed, Closing
from schemas.job import JobDescription
from schemas.pinned import PinnedRun
from schemas.urls import row_fingerprint

MAX_TRAIL = 30
"""Redirects looked back; no job may allow more."""


class TaskLedger:
    """What extraction asks, and the transaction in which it closes; outages are waited out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, run_id: str) -> PinnedRun | None:
        """The run's pinned rules."""
        rows: list[dict[str, Any]] = await patiently(
            lambda: self._database.fetch(queries("frontier")["run_rules"], {"run": run_id}), "read a run's rules"
        )
        if not rows:
            return None
        row = rows[0]
        job = JobDescription.model_validate(row["description"])
        trends = job.trends.as_rules()
        return PinnedRun(
            id=row["id"],
            job_id=row["job_id"],
            dataset=row["dataset"],
            description=job,
            revision=row["revision"],
            whole_run=await self._whole_run(run_id) if trends and trends.memory else None,
        )

    async def _whole_run(self, run_id: str) -> str:
        """The job's newest run before this one that had read everything; empty where there is none."""
        rows = await patiently(
            lambda: self._database.fetch(queries("frontier")["whole_run"], {"run": run_id}), "read a job's last run"
        )
        return rows[0]["id"] if rows else ""

    async def trail(self, run_id: str, url_fp: str) -> list[str]:
        """The URLs whose redirects led to a row, nearest first."""
        urls: list[str] = []
        while len(urls) < MAX_TRAIL:
            asked = {"run": run_id, "fp": url_fp}
            rows = await patiently(
                lambda asked=asked: self._database.fetch(queries("frontier")["came_from"], asked),  # type: ignore[misc]
                "read a redirect's trail",
            )
            if not rows:
                break
            urls.append(rows[0]["found_on"])
            url_fp = row_fingerprint(rows[0]["found_on"], rows[0]["kind"])
        return urls

    async def remembered(self, run_id: str, url_fps: Sequence[str]) -> dict[str, bytes]:
        """url_fp → the packed links of pages that the run's job has seen."""
        asked = {"run": run_id, "fps": list(url_fps)}
        rows = await patiently(
            lambda: self._database.fetch(queries("frontier")["remembered_links"], asked), "read a job's memory"
        )
        return {row["url_fp"]: bytes(row["links"]) for row in rows}

    async def close(self, closings: Sequence[Closing]) -> list[Closed]:
        """One transaction for all of them, in order."""
        return await patiently(lambda: self._database.repeat(lambda c: close(c, closings)), "close tasks")
