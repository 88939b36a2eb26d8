"""Exports: files of runs, and what they are kept in; and the figures of the whole."""

from collections.abc import AsyncIterator
from typing import Protocol

from schemas.accounts import Act
from schemas.exports import Export, ExportAsked
from schemas.figures import Figures, StoredTable


class Exports(Protocol):
    """Files of runs, made by exporters. Those that have expired, and those of deleted jobs, are not there."""

    async def ask(self, asked: ExportAsked, most: int, most_bytes: int, act: Act) -> Export | str:
        """The file that is there or on its way, or a new one; else why not: `gone`, `open` (no run that is meant is
        over), `cleaned` (its records were removed), `full`. Asking for what is there is audited too."""
        ...

    async def export(self, export_id: str) -> Export | None:
        """One, by its id."""
        ...

    async def of_job(self, job_id: str, limit: int) -> list[Export]:
        """A job's, the newest first."""
        ...

    async def named(self, job_id: str, filename: str) -> Export | None:
        """The whole file of that name."""
        ...

    async def downloaded(self, export_id: str, act: Act) -> bool:
        """Counts and audits a download; False, and nothing is, where the file is gone."""
        ...

    async def remove(self, job_id: str, act: Act) -> int:
        """Takes away all files of a job, and what is under way; how many. Audited where there was one."""
        ...


class ExportFiles(Protocol):
    """Finished files."""

    def read(self, ref: str, begin: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `begin` to before `end`, piece by piece, each when it is asked for. FileNotFoundError where
        there is no such file."""
        ...


class SystemFigures(Protocol):
    """How much there is, of one owner or of everyone; bounded in what it costs."""

    async def figures(self, owner: str | None) -> Figures:
        """As PostgreSQL counts it."""
        ...


class Storage(Protocol):
    """What the warehouse holds."""

    async def tables(self) -> list[StoredTable]:
        """Its tables, by name."""
        ...
