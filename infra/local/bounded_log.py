"""A child's log file that cannot fill the disk."""

import os
from collections import deque
from pathlib import Path

LIMIT = 5 * 1024 * 1024
KEPT_LINES = 20
_LONGEST_LINE = 2_000


class BoundedLog:
    """Keeps the newest output of a program: `<name>.log`, and the file before it as `<name>.log.1`; 10 MB at most."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self._path = path
        self._limit = limit
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._rest = b""

    def write(self, piece: bytes) -> None:
        """Appends output, in whatever pieces it comes."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self._rest = self._rest[-_LONGEST_LINE:]
        self._lines.extend(line[-_LONGEST_LINE:].decode(errors="replace") for line in lines if line.strip())
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, piece)
            full = os.fstat(descriptor).st_size >= self._limit
        finally:
            os.close(descriptor)
        if full:
            self._path.replace(self._path.with_name(self._path.name + ".1"))

    def forget(self) -> None:
        """Starts the last lines anew, so that they tell of one life of the program only."""
        self._lines.clear()
        self._rest = b""

    def last_lines(self) -> list[str]:
        """The newest lines, for saying why it ended."""
        rest = self._rest.decode(errors="replace").strip()
        return [*self._lines, rest] if rest else list(self._lines)
