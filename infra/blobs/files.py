"""Large files in the blob store, written and read in pieces. They are seen whole or not at all: a folder's are written
beside their place and moved there, an object store shows an upload when it is complete."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore

from infra.blobs.store import Blobs
from infra.errors import StoreUnavailable

T = TypeVar("T")

PIECE = 1 << 20
"""Bytes that are read at once."""

_PART = 8 << 20
_AT_ONCE = 2
_SMALL_S = 60.0
_WRITING_S = 3600.0


class BlobFiles:
    """Files under names that their owner chooses and never uses twice. Raises StoreUnavailable while the store does not
    answer."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._store: Any = None

    async def __aenter__(self) -> Self:
        await self._blobs.__aenter__()
        self._store = self._blobs.opened
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store = None
        await self._blobs.__aexit__(kind, error, trace)

    async def put(self, ref: str, file: BinaryIO) -> None:
        """Stores a file from its beginning to its end."""

        def write() -> None:
            file.seek(0)
            obstore.put(self._store, ref, file, use_multipart=True, chunk_size=_PART, max_concurrency=_AT_ONCE)

        await _answered(write, _WRITING_S)

    async def read(self, ref: str, begin: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `begin` to before `end`, piece by piece, each when it is asked for. FileNotFoundError where
        there is no such file."""
        while begin < end:
            until = min(begin + PIECE, end)
            found = await _answered(lambda a=begin, b=until: obstore.get_range(self._store, ref, start=a, end=b))  # type: ignore[misc]
            yield bytes(found)
            begin = until

    async def delete(self, ref: str) -> None:
        """Removes it; one that is not there is no mistake."""
        try:
            await _answered(lambda: obstore.delete(self._store, ref))
        except FileNotFoundError:
            return

    async def sweep(self, room: str, older: timedelta) -> int:
        """Removes what is older, and what a writer left behind that was ended; returns how many."""
        before = datetime.now(UTC) - older

        def work() -> int:
            gone = 0
            for entries in obstore.list(self._store, room):
                old = [entry["path"] for entry in entries if entry["last_modified"] < before]
                if old:
                    obstore.delete(self._store, old)
                gone += len(old)
            return gone + self._unfinished(room, before)

        return await _answered(work, _WRITING_S)

    def _unfinished(self, room: str, before: datetime) -> int:
        """A folder's writers leave `<name>#<number>` when they are killed, which the store's own lists leave out."""
        if not isinstance(self._store, LocalStore) or self._store.prefix is None:
            return 0
        left = [
            path
            for path in Path(self._store.prefix, room).glob("**/*#*")
            if path.is_file() and path.stat().st_mtime < max(before.timestamp(), datetime.now(UTC).timestamp() - 86_400)
        ]
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)


async def _answered(call: Callable[[], T], limit: float = _SMALL_S) -> T:
    try:
        async with asyncio.timeout(limit):
            return await asyncio.to_thread(call)
    except FileNotFoundError:
        raise
    except (BaseError, OSError, TimeoutError) as problem:
        raise StoreUnavailable(f"The blob store does not answer: {problem!r}"[:500]) from problem
