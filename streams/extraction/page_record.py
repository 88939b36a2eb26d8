"""The record of a page without rules: title, headings, text."""

from typing import Any

import msgspec

from schemas.events.records import CleanRules, FieldRule
from streams.extraction.document import Document
from streams.extraction.text import collapsed, text_of

TEXT_BYTES = 700_000
"""Bytes of a page's text as JSON at most, so that its record fits into one message."""

HEADINGS_BYTES = 100_000
SHORT_BYTES = 10_000
"""The same for all headings together, and for title, description and language each."""

RULES = CleanRules(
    fields={
        "url": FieldRule(type="url", required=True),
        "title": FieldRule(),
        "headings": FieldRule(type="list"),
        "text": FieldRule(),
        "language": FieldRule(),
        "description": FieldRule(),
        "author": FieldRule(),
        "published": FieldRule(type="date"),
        "site_name": FieldRule(),
        "image": FieldRule(type="image"),
    },
    key=["url"],
)
"""How page records are cleaned; a page's address is what makes two of them the same thing."""

_META = {
    "description": ("description", "og:description"),
    "author": ("author", "dc.creator"),
    "published": ("article:published_time", "datepublished", "date", "dc.date", "dc.date.issued", "pubdate"),
    "site_name": ("og:site_name", "application-name"),
    "image": ("og:image", "twitter:image"),
}
_NAMED = frozenset(name for names in _META.values() for name in names)


def page_record(document: Document) -> dict[str, Any]:
    """One record for any page; fields that the page does not have are absent.

    url: the page's own. title: the text of the first `title` that is not a drawing's. headings: the texts of `h1` to
    `h6` in the order of the page, empty ones left out. text: that of `body` (of everything where there is none, as
    in XML), headings included. language: `lang` of the `html` element, else Content-Language. description: the
    `<meta>` of that name, else og:description; author, published, site_name, image: from `<meta>` too. links: how
    many `a` have an address, a mere count, of which no series is made. "Text" is always what `text_of` says: all
    text but that of script, style and template, parted by blanks at every element that is not inline, whitespace
    collapsed. What is beyond the limits of this file is cut off at a character and noted.
    """
    root = document.root
    body = root.find("body")
    record: dict[str, Any] = {"url": document.url}
    text = cut(text_of(root if body is None else body), TEXT_BYTES, document, "text")
    _add(record, "title", cut(_title(document), SHORT_BYTES, document, "title"))
    _add(record, "headings", _headings(document))
    _add(record, "text", text)
    _add(record, "language", cut(_language(document), 100, document, "language"))
    for name, said in _meta(document).items():
        _add(record, name, cut(said, SHORT_BYTES, document, name))
    if links := sum(element.tag == "a" and element.get("href") is not None for element in document.named["links"]):
        record["links"] = links
    return record


def _add(record: dict[str, Any], name: str, value: Any) -> None:
    if value:
        record[name] = value


def _title(document: Document) -> str:
    for element in document.named["title"]:
        parent = element.getparent()
        if parent is None or parent.tag not in ("svg", "g", "symbol"):
            return text_of(element)
    return ""


def _headings(document: Document) -> list[str]:
    room, headings = HEADINGS_BYTES, []
    for element in document.named["headings"]:
        text = text_of(element)
        room -= len(msgspec.json.encode(text)) + 1
        if room < 0:
            document.notes.append(f"The headings are longer than {HEADINGS_BYTES} bytes; the rest was left out.")
            break
        if text:
            headings.append(text)
    return headings


def _language(document: Document) -> str:
    root = document.root
    said = root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or root.get("xml:lang")
    return collapsed(said or document.header("content-language"))


def _meta(document: Document) -> dict[str, str]:
    """What the page says of itself in `<meta>`, the first name of each field that has content."""
    found: dict[str, str] = {}
    for element in document.named["meta"]:
        name = (element.get("name") or element.get("property") or element.get("itemprop") or "").lower()
        if name in _NAMED and name not in found:
            content = collapsed(element.get("content") or "")
            if content:
                found[name] = content
    if not found:
        return found
    return {field: next((found[name] for name in names if name in found), "") for field, names in _META.items()}


def cut(text: str, limit: int, document: Document, what: str) -> str:
    """The longest beginning of a text whose JSON is within the limit."""
    if 6 * len(text) + 2 <= limit or len(msgspec.json.encode(text)) <= limit:
        return text
    low, high = limit // 6, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        if len(msgspec.json.encode(text[:middle])) <= limit:
            low = middle
        else:
            high = middle - 1
    document.notes.append(f"The {what} is longer than {limit} bytes; the rest was left out.")
    return text[:low].rstrip()
