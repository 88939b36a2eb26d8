"""A finished file packed once more, piece by piece: as gzip, or into a ZIP that a password opens.

The ZIP is encrypted as WinZip's AE-2 has it (AES-256 in counter mode, authenticated by HMAC-SHA1), which 7-Zip and
WinZip open; its directory, with the file's name and size, can be read without the password.
"""

import gzip
from collections.abc import Iterator
from typing import BinaryIO

from stream_zip import ZIP_AUTO, stream_zip

from schemas.exports import PACKED, Export

_PIECE = 1 << 20
_LEVEL = 6


def packed(export: Export, file: BinaryIO, into: BinaryIO, password: str | None) -> BinaryIO:
    """The one of the two that holds what was asked for: the file as it is, or what `into` was given of it."""
    if password is not None:
        return _locked(export, file, into, password)
    return _compressed(file, into) if export.compressed else file


def _compressed(file: BinaryIO, into: BinaryIO) -> BinaryIO:
    """Without a name and a time: the same file is the same bytes."""
    with gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=into, mtime=0) as narrow:
        for piece in _pieces(file):
            narrow.write(piece)
    return into


def _locked(export: Export, file: BinaryIO, into: BinaryIO, password: str) -> BinaryIO:
    size = file.seek(0, 2)
    level = 0 if export.format in PACKED else _LEVEL
    name = export.filename.removesuffix(".zip")
    entry = (name, export.asked_at, 0o600, ZIP_AUTO(size, level=level), _pieces(file))
    for piece in stream_zip([entry], chunk_size=_PIECE, password=password):
        into.write(piece)
    return into


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece
