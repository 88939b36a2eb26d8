"""What a source names, whatever form it has.

Forms: sitemaps and indexes of them as XML, with namespaces or without, or as plain text, one URL a line
(sitemaps.org, protocol 0.9), robots.txt for the sitemaps that it names (RFC 9309, 2.2.4), RSS 2.0 and 1.0, Atom
(RFC 4287). Any of them may be gzipped. The form is told by the content: a sitemap may be a feed, and sites mix them up.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.events.requests import SourceKind
from schemas.hosts import UrlError
from schemas.urls import canonical, row_fingerprint
from streams.extraction.errors import UnreadableError
from streams.extraction.sources.forms import Named, in_text, in_xml
from streams.extraction.sources.gzipped import unpacked

MAX_ENTRIES = 50_000
"""Entries taken from one source; the protocol allows no more."""

MAX_NESTED = 5
"""Indexes within indexes; the protocol allows none within another, sites do it all the same."""


class Entry(NamedTuple):
    """A page or a further sitemap that a source names, canonical."""

    url: str
    fp: str
    kind: SourceKind


@dataclass
class Source:
    """The entries of one source, each once, in its order; `notes` are sentences about what was passed over."""

    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_source(body: bytes, url: str) -> Source:
    """The entries of the source at `url`. Raises UnreadableError: `too_large` beyond 50 MB unpacked, `decode_failed`
    for damaged gzip, `extract_failed` for whatever is no source, which an address that moved often is (an HTML page).
    """
    body = unpacked(body)
    source = Source()
    named = in_xml(body, url, source.notes) if _is_markup(body) else in_text(body)
    wrong, seen = 0, set()
    for entry in named:
        if len(source.entries) == MAX_ENTRIES:
            source.notes.append(f"The source names more than {MAX_ENTRIES} pages; the rest was left out.")
            break
        found = _entry(entry)
        if found is None:
            wrong += 1
        elif found.fp not in seen:
            seen.add(found.fp)
            source.entries.append(found)
    if wrong and not source.entries:
        raise UnreadableError("extract_failed", f"None of the {wrong} entries or lines is the address of a page.")
    if wrong:
        source.notes.append(f"Entries that are no addresses of pages: {wrong}.")
    if not source.entries:
        source.notes.append("The source names no page.")
    return source


def _entry(named: Named) -> Entry | None:
    try:
        url = canonical(named.url, named.base)
    except UrlError:
        return None
    return Entry(url, row_fingerprint(url, named.kind), named.kind)


def _is_markup(body: bytes) -> bool:
    start = body[:100].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith((b"<", b"\xff\xfe", b"\xfe\xff"))
