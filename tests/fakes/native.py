"""Reads a Native block back into rows, as far as the warehouse writes that format."""

import struct
from itertools import pairwise
from typing import Any
from uuid import UUID


def rows_of(block: bytes) -> list[dict[str, Any]]:
    """The rows of one block; moments stay milliseconds."""
    reader = _Reader(block)
    columns, rows = reader.count(), reader.count()
    found: dict[str, list[Any]] = {}
    for _ in range(columns):
        name, kind = reader.text(), reader.text()
        found[name] = reader.column(kind, rows)
    assert reader.ended
    return [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]


class _Reader:
    def __init__(self, block: bytes) -> None:
        self._block = block
        self._at = 0

    @property
    def ended(self) -> bool:
        return self._at == len(self._block)

    def take(self, size: int) -> bytes:
        self._at += size
        return self._block[self._at - size : self._at]

    def count(self) -> int:
        number = shift = 0
        while True:
            byte = self.take(1)[0]
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number

    def text(self) -> str:
        return self.take(self.count()).decode()

    def fixed(self, letter: str, rows: int) -> list[Any]:
        return list(struct.unpack(f"<{rows}{letter}", self.take(rows * struct.calcsize(letter))))

    def column(self, kind: str, rows: int) -> list[Any]:
        if kind.startswith(("LowCardinality", "Map")):
            assert self.fixed("Q", 1) == [1]
        if kind.startswith("Map"):
            ends = self.fixed("Q", rows)
            inner = kind.removeprefix("Map(LowCardinality(String), ").removesuffix(")")
            entries = list(zip(self._few(ends[-1]), self.column(inner, ends[-1]), strict=True))
            return [dict(entries[begin:end]) for begin, end in pairwise([0, *ends])]
        if kind == "Array(String)":
            ends = self.fixed("Q", rows)
            told = [self.text() for _ in range(ends[-1] if ends else 0)]
            return [told[begin:end] for begin, end in pairwise([0, *ends])]
        if kind.startswith("LowCardinality"):
            return self._few(rows)
        if kind == "String":
            return [self.text() for _ in range(rows)]
        if kind == "UUID":
            halves = self.fixed("Q", 2 * rows)
            return [str(UUID(int=high << 64 | low)) for high, low in zip(halves[::2], halves[1::2], strict=True)]
        return self.fixed(_LETTERS[kind.split("(")[0]], rows)

    def _few(self, rows: int) -> list[str]:
        if not rows:
            return []
        width, keys = self.fixed("Q", 2)
        known = [self.text() for _ in range(keys)]
        assert self.fixed("Q", 1) == [rows]
        return [known[place] for place in self.fixed("BHI"[width & 0xFF], rows)]


_LETTERS = {"Bool": "?", "Float32": "f", "Float64": "d", "UInt16": "H", "UInt32": "I", "Int64": "q", "DateTime64": "q"}
