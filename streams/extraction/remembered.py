"""Where a page leads, packed for the job's memory: a page that has not changed is not read again, its links are."""

from collections.abc import Sequence

import zstandard

from schemas.events.requests import SourceKind
from schemas.urls import row_fingerprint
from streams.extraction.sources import Entry

MAX_UNPACKED = 130_000_000
"""50,000 entries of the longest URLs."""

_compressor = zstandard.ZstdCompressor(level=3)


def packed(entries: Sequence[Entry]) -> bytes:
    """One a line, a source after its kind: `sitemap http://…`; canonical URLs hold neither blanks nor line ends."""
    lines = [entry.url if entry.kind == "page" else f"{entry.kind} {entry.url}" for entry in entries]
    return _compressor.compress("\n".join(lines).encode())


def unpacked(links: bytes) -> list[Entry]:
    """What was packed, as it was found: which of it belongs is the scope's question of today."""
    if not links:
        return []
    text = zstandard.ZstdDecompressor().decompress(links, max_output_size=MAX_UNPACKED).decode()
    return [_entry(line) for line in text.split("\n") if line]


def _entry(line: str) -> Entry:
    kind: SourceKind = "sitemap" if line.startswith("sitemap ") else "page"
    url = line.removeprefix("sitemap ")
    return Entry(url, row_fingerprint(url, kind), kind)
