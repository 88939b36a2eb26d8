"""An exclusive lock that names its holder, and lets go of itself when the holder dies."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra.local.errors import FolderInUse
from infra.local.private_files import FILE_MODE


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: process id, since when (ISO 8601, UTC) and the command line."""

    pid: int
    since: str
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} ({self.command}) since {self.since}"


def holder(path: Path) -> Holder | None:
    """Who holds the lock now; None when nobody does (a dead holder's name in the file does not count)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor)
    finally:
        os.close(descriptor)
    return None


@contextmanager
def exclusive(path: Path, command: str, *, what: str) -> Iterator[None]:
    """Holds the lock while the block runs.

    The kernel drops it when the process ends in any way, so there is no stale lock to clean up; children do not
    inherit it. Raises FolderInUse at once, naming the holder, when another process has it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(
                f"{what} is in use by {_read(descriptor)}. Stop it with `trawl down`, or use another folder."
            ) from None
        mine = Holder(os.getpid(), datetime.now(UTC).isoformat(timespec="seconds"), command)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(mine)).encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> Holder:
    try:
        return Holder(**json.loads(os.pread(descriptor, 65536, 0)))
    except (ValueError, TypeError):  # the holder has the lock and has not yet written its name
        return Holder(0, "a moment ago", "unknown")
