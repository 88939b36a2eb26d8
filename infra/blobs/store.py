"""The blob store: content-addressed within a day, so that what is old can go without asking who still needs it.

    <room>/<yyyy-mm-dd>/<sha256 of the stored bytes>

The same bytes twice on one day are one blob; on another day they are another blob, so a sweep of old days never races
with somebody who stores the same again. SHA-256 and not a faster hash: what is stored comes from anybody, and two
pages that could be made to collide would take each other's place.

The driver's blocking calls run in threads: its asynchronous ones wake a loop from threads of their own, which now and
then aborts a process that is ending.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, get_args

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from infra.errors import NotConfigured, StoreUnavailable
from infra.local.private_files import make_folder
from infra.patience import patiently

T = TypeVar("T")

Room = Literal["pages", "screenshots"]
"""What a blob is; each room has its own retention."""

ROOMS: tuple[Room, ...] = get_args(Room)

MAX_BLOB = 64 * 2**20
"""Bytes of a blob that is read back; none that we store is larger."""

DAY_S = 86_400.0
_REF = re.compile(rf"(?:{'|'.join(ROOMS)})/[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}/[0-9a-f]{{64}}").fullmatch
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]+://").match
_ATTEMPT_S = 30.0
_AT_ONCE = 1000


class Blobs:
    """A folder that is ours alone, or an object store. Raises StoreUnavailable while it does not answer."""

    def __init__(self, where: str | Path) -> None:
        """A folder, or a URL such as s3://bucket/prefix, whose credentials are in the environment (AWS_…)."""
        self._where = where
        self._store: Any = None

    @classmethod
    def of(cls, where: str | None, data: Path) -> "Blobs":
        """As configured, else a folder of the data folder."""
        return cls(where or data / "blobs")

    async def __aenter__(self) -> Self:
        try:
            if _REMOTE(str(self._where)):
                self._store = from_url(str(self._where), client_options={"timeout": f"{_ATTEMPT_S:.0f}s"})
            else:
                folder = Path(self._where)
                folder.parent.mkdir(parents=True, exist_ok=True)
                make_folder(folder)
                self._store = LocalStore(folder, automatic_cleanup=True)
        except (BaseError, OSError, ValueError) as problem:
            raise NotConfigured(
                f"The blob store {self._where} cannot be used ({problem}); see TRAWL_BLOBS."
            ) from problem
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store = None

    @property
    def opened(self) -> Any:
        """The driver's own store, for what is too large to be held whole (files.py)."""
        return self._store

    async def put(self, room: Room, data: bytes) -> str:
        """Stores, and returns the reference."""
        day = datetime.now(UTC).date().isoformat()
        ref = f"{room}/{day}/{hashlib.sha256(data).hexdigest()}"
        await self._answered(lambda: obstore.put(self._store, ref, data))
        return ref

    async def get(self, ref: str) -> bytes | None:
        """The bytes; None for a reference that leads to nothing, or to something else than was stored. An outage is
        waited out."""
        if not _REF(ref):
            return None
        try:
            data = await patiently(lambda: self._answered(lambda: self._read(ref)), "read a blob")
        except FileNotFoundError:
            return None
        return data if hashlib.sha256(data).hexdigest() == ref[-64:] else None

    def _read(self, ref: str) -> bytes:
        found = obstore.get(self._store, ref)
        return bytes(found.bytes()) if found.meta["size"] <= MAX_BLOB else b""

    async def sweep(self, room: Room, keep_s: float, now: float) -> int:
        """Deletes whole days of a room that ended more than `keep_s` seconds before `now`; returns how many blobs."""
        gone = 0
        listed = await self._answered(lambda: obstore.list_with_delimiter(self._store, room))
        for prefix in listed["common_prefixes"]:
            if _end_of(str(prefix).rpartition("/")[2], now) + keep_s < now:
                gone += await self._clear(str(prefix))
        return gone

    async def _clear(self, prefix: str) -> int:
        gone = 0
        old = obstore.list(self._store, prefix, chunk_size=_AT_ONCE)
        while some := [entry["path"] for entry in await self._answered(lambda: next(old, ()))]:
            await self._answered(partial(obstore.delete, self._store, some))
            gone += len(some)
        return gone

    async def _answered(self, call: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(2 * _ATTEMPT_S):
                return await asyncio.to_thread(call)
        except FileNotFoundError:
            raise
        except (BaseError, OSError, TimeoutError) as problem:
            raise StoreUnavailable(f"The blob store {self._where} does not answer: {problem!r}"[:500]) from problem


def _end_of(day: str, now: float) -> float:
    """Epoch seconds at which a day ended; what is no day never did."""
    try:
        return datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp() + DAY_S
    except ValueError:
        return now
