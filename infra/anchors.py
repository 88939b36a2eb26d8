"""The audit chain's head, written down outside the database: a file that only grows, a line a minute at most.

Whoever can change every table can compute a whole new chain; what they cannot do is make it pass through heads that
were written down elsewhere. Keep copies of the file on another machine (docs/audit.md).
"""

import os
from collections.abc import Iterator
from pathlib import Path

import orjson

from schemas.audit import Anchor, Head

_PRIVATE = 0o600
_MOST = 4096
"""Bytes of a line; ours have some 160."""


class AnchorFile:
    """One JSON object a line: `at`, `position`, `hash`, `audit_id`. OSError where the file cannot be had."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, head: Head, at: str) -> None:
        """Appends one anchor; it is on the disk when this returns. Blocks for some milliseconds."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        told = {"at": at, "position": head.position, "hash": head.hash.hex(), "audit_id": head.audit_id}
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _PRIVATE)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, (b"\n" if torn else b"") + orjson.dumps(told) + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self) -> Iterator[Anchor | int]:
        """Every anchor, oldest first; for a line that is none its number. Nothing where there is no file."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            number = 0
            while line := file.readline(_MOST):
                number += 1
                if line.strip():
                    yield _anchor(number, line)

    def last(self) -> Anchor | None:
        """The newest one that can be read."""
        try:
            with self.path.open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - _MOST))
                lines = file.read().splitlines()
        except FileNotFoundError:
            return None
        found = (_anchor(0, line) for line in reversed(lines) if line.strip())
        return next((anchor for anchor in found if isinstance(anchor, Anchor)), None)


def _anchor(number: int, line: bytes) -> Anchor | int:
    try:
        told = orjson.loads(line)
        position, seen = told["position"], told["hash"]
        if type(position) is not int or not 0 < position < 2**63 or len(bytes.fromhex(seen)) != 32:
            return number
        return Anchor(line=number, at=str(told["at"]), position=position, hash=seen)
    except (ValueError, KeyError, TypeError):
        return number
