"""The forms of sources: XML element by element, so that a large one is never a tree in memory, and lines of text."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any, NamedTuple

from lxml import etree

from schemas.events.requests import SourceKind
from schemas.hosts import UrlError
from schemas.urls import canonical
from streams.extraction.errors import UnreadableError

_ROOTS = frozenset({"urlset", "sitemapindex", "rss", "RDF", "feed"})
_ENTRIES = ("{*}url", "{*}sitemap", "{*}item", "{*}entry")
_SITEMAP_LINE = re.compile(r"sitemap\s*:\s*(\S+)", re.IGNORECASE).match
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_ENTITY = re.compile(rb"<!ENTITY\b").search
_DECLARED = re.compile(r"^\s*<\?xml\b[^>]*\?>")


class Named(NamedTuple):
    """What a source says, as it says it; `base` is what it is relative to."""

    url: str
    kind: SourceKind
    base: str | None


def in_text(body: bytes) -> Iterator[Named]:
    """One URL a line, or the `Sitemap:` lines of a robots.txt, whose other lines are none of ours."""
    lines = [line.strip() for line in body.decode("utf-8-sig", "replace").splitlines()]
    sitemaps = [found[1] for line in lines if (found := _SITEMAP_LINE(line))]
    if sitemaps:
        return (Named(url, "sitemap", None) for url in sitemaps)
    return (Named(line, "page", None) for line in lines if line and not line.startswith("#"))


def in_xml(body: bytes, url: str, notes: list[str]) -> Iterator[Named]:
    """Entries of a sitemap, an index, a feed. Entities are none of a source's business: one that declares any is
    refused before it is read, which is the end of all expansion bombs; nothing is ever loaded."""
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        body = _DECLARED.sub("", body.decode("utf-16", "replace")).encode()
    if _ENTITY(body):
        raise UnreadableError("extract_failed", "The source declares entities of its own, which are not expanded.")
    reading = etree.iterparse(
        BytesIO(body.lstrip()),
        events=("end",),
        tag=_ENTRIES,
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
    )
    found = 0
    # The address that a cut one ends with may be cut itself: of two readings the safe one is to leave it out.
    cut, last = not body.rstrip().endswith(b">"), None
    try:
        for _, element in reading:
            named = _named(element, url)
            _let_go(element)
            if named is not None:
                found += 1
                if last is not None:
                    yield last
                last = named
        if last is not None and not cut:
            yield last
    except etree.XMLSyntaxError as problem:
        if not found:
            raise UnreadableError(
                "extract_failed", f"The source is not XML that can be read: {problem}"[:300]
            ) from problem
    root = reading.root
    name = etree.QName(root).localname if root is not None else "nothing"
    if name not in _ROOTS and not found:
        raise UnreadableError("extract_failed", f"This is no sitemap and no feed: it begins with <{name[:40]}>.")
    errors = [error for error in reading.error_log if error.level >= etree.ErrorLevels.FATAL]
    if errors:
        notes.append(f"The source is malformed in line {errors[0].line}; what could be read was taken.")


def _named(element: Any, url: str) -> Named | None:
    name = etree.QName(element).localname
    if name in ("url", "sitemap"):
        where = next((child.text for child in element if _is(child, "loc")), None)
        kind: SourceKind = "sitemap" if name == "sitemap" else "page"
        return Named(where.strip(), kind, url) if where and where.strip() else None
    where = _link_of(element)
    return Named(where, "page", _base(element, url)) if where else None


def _base(element: Any, url: str) -> str:
    """The source's own address, or what its `xml:base` makes of it."""
    try:
        return canonical(element.base, url) if element.base else url
    except UrlError:
        return url


def _link_of(item: Any) -> str | None:
    """RSS writes the address as text, Atom as an attribute, RSS 1.0 as both the text and the item's name."""
    for child in item:
        if _is(child, "link"):
            if child.text and child.text.strip():
                return str(child.text).strip()
            if child.get("href") and child.get("rel", "alternate") == "alternate":
                return str(child.get("href")).strip()
    for child in item:
        if _is(child, "guid") and child.get("isPermaLink", "true") != "false" and child.text:
            return str(child.text).strip()
    about = item.get(_ABOUT)
    return str(about).strip() if about else None


def _is(element: Any, name: str) -> bool:
    tag = element.tag
    return isinstance(tag, str) and (tag == name or tag.endswith("}" + name))


def _let_go(element: Any) -> None:
    """What was read is not kept: the element is emptied, its elder siblings are taken off."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]
