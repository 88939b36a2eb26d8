"""Bytes of a block of series: what one row of the snapshot table holds.

A block is a run of BLOCK slots, so that with many series only those that changed are written again. Its bytes are a
header (magic, layout version, slots in use) and, compressed by Zstandard (RFC 8878) with a checksum, the arrays of
those slots one after the other, numbers as little-endian doubles. A released layout never changes: a new one is a new
version.
"""

import struct
from collections.abc import Sequence

import numpy as np
import zstandard

from streams.trends.detector.state import Floats

BLOCK = 512
"""Slots per block: some 0.8 MB before compression."""

VERSION = 3
_MISSING = {1: 5, 2: 4, 3: 0}
"""Layout version → how many of the last arrays it did not have yet: 1 did not say when a series was last seen, 2
knew nothing of days, of what goes on, nor of late values."""

_MAGIC = b"TrS"
_HEADER = struct.Struct("<3sBI")
_LENGTH = struct.Struct("<I")
_ADVICE = "delete this partition's rows in `snapshots`, and the stage goes on where it stood, with an empty memory"


class SnapshotError(Exception):
    """A snapshot can't be used; the sentence says what to do."""


def pack(names: bytes, arrays: Sequence[Floats]) -> bytes:
    """One block: `names` and the rows of all arrays are of the same slots."""
    content = b"".join([names, *(np.ascontiguousarray(array, dtype="<f8").tobytes() for array in arrays)])
    compressor = zstandard.ZstdCompressor(level=1, write_checksum=True)
    return _HEADER.pack(_MAGIC, VERSION, len(arrays[0])) + compressor.compress(content)


def unpack(data: bytes, name_size: int, shapes: Sequence[tuple[int, ...]]) -> tuple[bytes, list[Floats]]:
    """What `pack` was given; `shapes` are those of one row in each array. Arrays that an older layout did not have are
    zero. Raises SnapshotError."""
    rows, missing = _rows(data)
    absent = [np.zeros((rows, *shape)) for shape in shapes[len(shapes) - missing :]]
    shapes = shapes[: len(shapes) - missing]
    sizes = [rows * int(np.prod(shape, dtype=np.int64)) for shape in shapes]
    content = _decompressed(data[_HEADER.size :], rows * name_size + 8 * sum(sizes))
    flat = np.frombuffer(content, dtype="<f8", offset=rows * name_size).astype(np.float64)
    pieces = np.split(flat, np.cumsum(sizes)[:-1])
    arrays = [piece.reshape(rows, *shape) for piece, shape in zip(pieces, shapes, strict=True)]
    return content[: rows * name_size], arrays + absent


def join(blocks: Sequence[bytes]) -> bytes:
    """All blocks of a partition in one piece."""
    return b"".join(part for block in blocks for part in (_LENGTH.pack(len(block)), block))


def split(data: bytes) -> list[tuple[int, bytes]]:
    """What `join` was given, numbered. Raises SnapshotError."""
    blocks: list[tuple[int, bytes]] = []
    offset = 0
    while offset < len(data):
        start = offset + _LENGTH.size
        offset = start + int.from_bytes(data[offset:start], "little")
        if offset > len(data):
            raise SnapshotError(f"The snapshot ends too early: {_ADVICE}")
        blocks.append((len(blocks), data[start:offset]))
    return blocks


def _rows(data: bytes) -> tuple[int, int]:
    if len(data) < _HEADER.size:
        raise SnapshotError(f"The snapshot is too short: {_ADVICE}")
    magic, version, rows = _HEADER.unpack_from(data)
    if magic != _MAGIC:
        raise SnapshotError(f"These bytes are no snapshot of trends: {_ADVICE}")
    if version not in _MISSING:
        raise SnapshotError(
            f"The snapshot has layout {version}, this program knows {VERSION}: run the one that wrote it"
        )
    if not 0 < rows <= BLOCK:
        raise SnapshotError(f"The snapshot claims {rows} series in a block of {BLOCK}: {_ADVICE}")
    return int(rows), _MISSING[version]


def _decompressed(data: bytes, size: int) -> bytes:
    try:
        content = zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
    except zstandard.ZstdError as error:
        raise SnapshotError(f"The snapshot is damaged ({error}): {_ADVICE}") from error
    if len(content) != size:
        raise SnapshotError(f"The snapshot holds {len(content)} bytes where {size} belong: {_ADVICE}")
    return content
