"""What an exporter needs of the world."""

from collections.abc import AsyncIterator
from typing import BinaryIO, Protocol

from schemas.choosing import Choice
from schemas.exports import Entry, Export
from schemas.ledger import StoredRecord


class Work(Protocol):
    """What is to be made. Each file is one exporter's, for as long as it renews its lease."""

    def rung(self) -> AsyncIterator[None]:
        """Once at the beginning, and whenever somebody has asked."""
        ...

    async def plan(self) -> int:
        """Asks for the files of runs that have completed, once; how many."""
        ...

    async def take(self) -> Export | None:
        """The next one."""
        ...

    async def room(self, owner: str) -> str:
        """Why an owner may have no further file, or nothing."""
        ...

    async def password(self, export: Export) -> str | None:
        """What its file is to be locked with; None where that cannot be known any more."""
        ...

    async def renew(self, export: Export) -> bool:
        """False: it is somebody else's now, or was deleted."""
        ...

    async def give_back(self, export: Export) -> None:
        """For whoever comes next."""
        ...

    async def finish(self, export: Export, *, records: int, size: int, sha256: str, blob: str) -> bool:
        """From now on the file can be seen, and who asked to be told is; False where it is not this holder's to
        show."""
        ...

    async def fail(self, export: Export, why: str) -> bool:
        """It will not be made; who asked to be told is."""
        ...

    async def drop(self, blob: str) -> None:
        """Nothing shows this file."""
        ...

    async def expire(self) -> int:
        """Takes away what is too old; how many."""
        ...

    async def to_drop(self) -> list[str]:
        """Files that are to be removed, some."""
        ...

    async def dropped(self, blobs: list[str]) -> None:
        """They are removed."""
        ...


class Rows(Protocol):
    """A run's records, in pieces of bounded size."""

    def records(self, dataset: str, run_id: str, choice: Choice) -> AsyncIterator[list[StoredRecord]]:
        """Those that are chosen, in the order of (key, id)."""
        ...

    def entries(self, dataset: str, run_id: str, choice: Choice) -> AsyncIterator[list[Entry]]:
        """The same without what is in them."""
        ...

    async def fields(self, dataset: str, run_id: str, choice: Choice, limit: int) -> list[str]:
        """Names of their fields, the most frequent first."""
        ...


class Files(Protocol):
    """Where finished files are kept."""

    async def put(self, ref: str, file: BinaryIO) -> None:
        """Stores a file from its beginning to its end; it is there whole or not at all."""
        ...

    async def delete(self, ref: str) -> None:
        """Removes it; one that is not there is no mistake."""
        ...
