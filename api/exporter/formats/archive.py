"""ZIP files (APPNOTE 6.3) of any number of entries in constant memory: the central directory waits in a file.

The standard library's writer keeps an object for each entry until the end, some 100 MB for a hundred thousand pages.
Times are fixed, so that the same pages are the same bytes.
"""

import shutil
import struct
import tempfile
import zlib
from typing import BinaryIO

_TIME, _DATE = 0, (0 << 9) | (1 << 5) | 1  # 1980-01-01 00:00
_UTF8 = 0x0800
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_SIZES = struct.Struct("<3I")
_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_WHERE_64 = struct.Struct("<4sIQI")
_MOST = 0xFFFF
_MOST_BYTES = 0xFFFFFFFF


class Archive:
    """Writes entries one after the other to a file that can be rewound; below 4 GB, however many they are."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._central = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the archive
        self._entries = 0
        self._name = b""
        self._place = 0
        self._crc = 0
        self._size = 0
        self._packed = 0
        self._deflate: zlib._Compress | None = None

    def add(self, name: str, data: bytes, *, stored: bool = False) -> None:
        """A whole entry."""
        self.begin(name, stored=stored)
        self.write(data)
        self.end()

    def begin(self, name: str, *, stored: bool = False) -> None:
        """An entry that is written in pieces."""
        self._name, self._place = name.encode(), self._file.tell()
        self._crc = self._size = self._packed = 0
        self._deflate = None if stored else zlib.compressobj(6, zlib.DEFLATED, -15)
        self._file.write(self._local())

    def write(self, data: bytes) -> None:
        """A piece of it."""
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        self._store(self._deflate.compress(data) if self._deflate else data)

    def end(self) -> None:
        """It is whole: its sizes are written where they belong, and its line in the directory."""
        method = 8 if self._deflate else 0
        if self._deflate:
            self._store(self._deflate.flush())
        here = self._file.tell()
        self._file.seek(self._place + 14)
        self._file.write(_SIZES.pack(self._crc, self._packed, self._size))
        self._file.seek(here)
        self._central.write(
            _CENTRAL.pack(b"PK\x01\x02", 0x0314, 20, _UTF8, method, _TIME, _DATE, self._crc, self._packed, self._size,
                          len(self._name), 0, 0, 0, 0, 0o100644 << 16, self._place) + self._name
        )  # fmt: skip
        self._entries += 1

    def close(self) -> None:
        """Writes the directory."""
        begin, size = self._file.tell(), self._central.tell()
        self._central.seek(0)
        shutil.copyfileobj(self._central, self._file)
        self._central.close()
        if self._entries > _MOST:
            place, count = self._file.tell(), self._entries
            self._file.write(_END_64.pack(b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, begin))
            self._file.write(_WHERE_64.pack(b"PK\x06\x07", 0, place, 1))
        shown = min(self._entries, _MOST)
        self._file.write(_END.pack(b"PK\x05\x06", 0, 0, shown, shown, size, begin, 0))

    def _store(self, data: bytes) -> None:
        self._packed += len(data)
        if self._file.tell() + len(data) > _MOST_BYTES:
            raise OverflowError("A ZIP file of more than 4 GB is not written.")
        self._file.write(data)

    def _local(self) -> bytes:
        method = 8 if self._deflate else 0
        head = _LOCAL.pack(b"PK\x03\x04", 20, _UTF8, method, _TIME, _DATE, 0, 0, 0, len(self._name), 0)
        return head + self._name
