"""What a response is, by what it says and, where that says nothing, by its address and its beginning."""

from collections.abc import Sequence
from typing import Literal
from urllib.parse import urlsplit

from schemas.media import media_type

Format = Literal["html", "xml", "json", "ndjson", "csv", "tsv", "text", "pdf"]

READ = "HTML, XML, JSON, CSV, plain text and PDF are read"

_MEDIA: dict[str, Format] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/xml": "xml",
    "application/xml": "xml",
    "application/json": "json",
    "text/json": "json",
    "application/x-json": "json",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/x-jsonlines": "ndjson",
    "application/jsonlines": "ndjson",
    "text/csv": "csv",
    "text/x-csv": "csv",
    "application/csv": "csv",
    "application/x-csv": "csv",
    "text/tab-separated-values": "tsv",
    "text/plain": "text",
    "text/markdown": "text",
    "application/pdf": "pdf",
    "application/x-pdf": "pdf",
}
_ENDINGS: dict[str, Format] = {
    "json": "json",
    "geojson": "json",
    "ndjson": "ndjson",
    "jsonl": "ndjson",
    "csv": "csv",
    "tsv": "tsv",
    "pdf": "pdf",
    "xml": "xml",
}
_UNSAID = frozenset({"", "unknown/unknown", "application/unknown", "*/*"})
# Stores of files and code say one of these of whatever they do not know; the file's name then says more.
_VAGUE = frozenset({"text/plain", "application/octet-stream", "binary/octet-stream"})


def format_of(headers: Sequence[tuple[str, str]], url: str, start: bytes = b"") -> Format | None:
    """The format of a response that begins with `start`; None for what is not read.

    What a host says counts, but for types that only say that it does not know; then the address's ending does, and
    where nothing is said at all the first bytes.
    """
    media = media_type(headers)
    if media in _VAGUE or media in _UNSAID:
        named = _ENDINGS.get(urlsplit(url).path.rpartition("/")[2].rpartition(".")[2].lower())
        if named is not None and not (media in _UNSAID and start.startswith(b"<")):
            return named
    if media in _MEDIA:
        return _MEDIA[media]
    if media.endswith("+xml"):
        return "xml"
    if media.endswith("+json"):
        return "json"
    if start.startswith(b"%PDF-") and (media in _UNSAID or media in _VAGUE):
        return "pdf"
    return _sniffed(start) if media in _UNSAID else None


def _sniffed(start: bytes) -> Format | None:
    start = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith((b"{", b"[")):
        return "json"
    if start.startswith(b"<?xml") and b"<html" not in start.lower():
        return "xml"
    return "html" if start.startswith(b"<") or not start else None
