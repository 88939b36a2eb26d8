"""Fetches one file of known size and SHA-256 over HTTP, going on where an earlier try stopped.

What has arrived is kept beside the target as `.part`, and the target's name appears only once the sum is right, so a
reader never sees a broken file, whatever interrupted the download (RFC 9110 section 14: range requests).
"""

import hashlib
import http.client
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from infra.local.errors import DownloadFailed, SumMismatch

TIMEOUT_S = 30.0
_CHUNK = 128 * 1024
_PAUSES_S = (0.2, 1.0, 3.0)
# What another try may mend: the network, a busy or restarting server.
_PASSING = (429, 500, 502, 503, 504)


class _Interrupted(Exception):
    """This try failed in a way that the next may not."""


@dataclass(frozen=True)
class Wanted:
    """A file to fetch: where from, where to, and what it must be."""

    url: str
    target: Path
    size: int
    sha256: str

    @property
    def part(self) -> Path:
        """Where the bytes gather until they are whole."""
        return self.target.with_name(self.target.name + ".part")


def is_whole(wanted: Wanted) -> bool:
    """Whether the target is there with the right size and sum."""
    try:
        return wanted.target.stat().st_size == wanted.size and sha256_of(wanted.target) == wanted.sha256
    except FileNotFoundError:
        return False


def sha256_of(path: Path) -> str:
    """A file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(wanted: Wanted, arrived: Callable[[int], None], stop: threading.Event) -> None:
    """Brings the file to its target. Blocks; meant for a thread.

    `arrived` is told of each piece in bytes (negative when what had been counted is thrown away). Raises
    DownloadFailed when the network or the server will not give it, SumMismatch when it is not what was pinned.
    """
    if urlsplit(wanted.url).scheme not in ("http", "https"):
        raise DownloadFailed(f"{wanted.url} is no http or https address.")
    arrived(_kept(wanted))
    for pause in (*_PAUSES_S, None):
        if stop.is_set():
            raise DownloadFailed("The download was interrupted; the next start goes on where it stopped.")
        try:
            _receive(wanted, arrived, stop)
            break
        except (_Interrupted, OSError, http.client.HTTPException) as error:
            if pause is None:
                raise DownloadFailed(f"{wanted.url}: {_reason(error)}") from error
            stop.wait(pause)
    _accept(wanted, arrived)


def _kept(wanted: Wanted) -> int:
    """How much of an earlier try is worth keeping, in bytes."""
    try:
        size = wanted.part.stat().st_size
    except FileNotFoundError:
        return 0
    if size <= wanted.size:
        return size
    wanted.part.unlink()
    return 0


def _receive(wanted: Wanted, arrived: Callable[[int], None], stop: threading.Event) -> None:
    offset = _kept(wanted)
    if offset == wanted.size:
        return
    request = urllib.request.Request(wanted.url, headers={"User-Agent": "trawl"})
    if offset:
        request.add_header("Range", f"bytes={offset}-")
    try:
        # The scheme was checked in fetch(); proxies and certificates are those of the environment.
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            if offset and not _continues(response, offset):
                arrived(-offset)
                offset = 0
            _append(response, wanted, offset, arrived, stop)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            arrived(-offset)
            wanted.part.unlink()
            raise _Interrupted("the server has no such part of the file") from error
        if error.code in _PASSING:
            raise _Interrupted(f"the server answered {error.code}") from error
        raise DownloadFailed(f"{wanted.url}: the server answered {error.code} {error.reason}.") from error


def _continues(response: http.client.HTTPResponse, offset: int) -> bool:
    """Whether the answer is the rest that was asked for; servers may ignore a range and send everything."""
    content_range = response.headers.get("Content-Range", "")
    return response.status == http.client.PARTIAL_CONTENT and content_range.startswith(f"bytes {offset}-")


def _append(
    response: http.client.HTTPResponse,
    wanted: Wanted,
    offset: int,
    arrived: Callable[[int], None],
    stop: threading.Event,
) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (0 if offset else os.O_TRUNC)
    with os.fdopen(os.open(wanted.part, flags, 0o600), "wb") as file:
        file.seek(offset)
        while offset < wanted.size and not stop.is_set():
            piece = response.read1(min(_CHUNK, wanted.size - offset))
            if not piece:
                raise _Interrupted(f"the connection ended after {offset} of {wanted.size} bytes")
            file.write(piece)
            offset += len(piece)
            arrived(len(piece))
    if offset < wanted.size:
        raise _Interrupted("interrupted")


def _accept(wanted: Wanted, arrived: Callable[[int], None]) -> None:
    found = sha256_of(wanted.part)
    if found != wanted.sha256:
        wanted.part.unlink()
        arrived(-wanted.size)
        raise SumMismatch(
            f"{wanted.url} was refused: its SHA-256 is {found}, and {wanted.sha256} is pinned. "
            "Nothing was kept. Try another mirror, and distrust this one."
        )
    with wanted.part.open("rb") as file:
        os.fsync(file.fileno())
    wanted.part.replace(wanted.target)


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return str(reason or error) or type(error).__name__
