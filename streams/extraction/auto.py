"""Pages without rules: the page record, and what else the job asks for, each of which takes its time."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

import msgspec

from schemas.events.records import CleanRules, FieldRule
from schemas.job import Extract
from schemas.job.extract import AutoField
from streams.extraction import page_record
from streams.extraction.document import Document, Node
from streams.extraction.listing import LISTING, listed
from streams.extraction.main_content import readable, restored
from streams.extraction.text import text_of

ROOM = 840_000
"""Bytes of a page record as JSON with all that was asked for, so that it fits into one message."""

MAX_TABLES = 50
MAX_CELLS = 20_000
MAX_SPAN = 50

_METADATA = ("title", "author", "published", "site_name", "description", "language", "image", "categories", "tags")
RULES: Mapping[AutoField, Mapping[str, FieldRule]] = {
    "main_text": {"main_text": FieldRule()},
    "markdown": {"markdown": FieldRule(type="markdown")},
    "metadata": {"categories": FieldRule(type="list"), "tags": FieldRule(type="list")},
    "tables": {},  # rows of texts are kept as they are
}
"""How what a page gives beyond its page record is cleaned."""


def clean_rules(extract: Extract) -> CleanRules:
    """The rules of a job without rules."""
    if extract.auto == "list":
        return LISTING
    added = {name: rule for part in wanted(extract) for name, rule in RULES[part].items()}
    return msgspec.structs.replace(page_record.RULES, fields={**page_record.RULES.fields, **added})


def wanted(extract: Extract) -> tuple[AutoField, ...]:
    """What the page record has besides, each once, in one order whatever the job's is."""
    asked = get_args(AutoField) if extract.auto is True else extract.auto or ()
    return tuple(part for part in get_args(AutoField) if part in asked)


def records_of(document: Document, extract: Extract) -> list[dict[str, Any]]:
    """The raw records of a page for a job without rules. What has no room left is cut, and noted."""
    if extract.auto == "list":
        return listed(document)
    record = page_record.page_record(document)
    for part in wanted(extract):
        room = max(0, ROOM - len(msgspec.json.encode(record)))
        for name, value in _READ[part](document).items():
            if part == "tables":
                if tables := _within(value, room, document):
                    record[name] = tables
            elif part == "metadata":
                record.setdefault(name, value)
            elif said := page_record.cut(value, room, document, name):
                record[name] = {"markdown": said} if name == "markdown" else said
    return [record]


def _main_text(document: Document) -> dict[str, Any]:
    """What trafilatura takes for the page's own text, menus and the like left out."""
    import trafilatura  # a second to load, for the few who ask for it

    found = _tried(lambda: trafilatura.extract(document.text, url=document.url, fast=True), document)
    return {"main_text": found} if found else {}


def _markdown(document: Document) -> dict[str, Any]:
    """The same with headings, lists, links, tables and emphasis."""
    import trafilatura

    def read() -> Any:
        root = readable(document)
        found = trafilatura.extract(root, url=document.url, fast=True, output_format="markdown", include_links=True)
        return restored(found or "")

    found = _tried(read, document)
    return {"markdown": found} if found else {}


def _metadata(document: Document) -> dict[str, Any]:
    """What a page says of itself anywhere (meta, JSON-LD, bylines); dates are not guessed from its text."""
    import trafilatura

    found = _tried(
        lambda: trafilatura.extract_metadata(document.text, default_url=document.url, extensive=False), document
    )
    said = {} if found is None else found.as_dict()
    said["published"], said["site_name"] = said.get("date"), said.get("sitename")
    return {name: said[name] for name in _METADATA if said.get(name)}


def _tables(document: Document) -> dict[str, Any]:
    """Each table as its rows, each row as its cells' texts; a cell over several columns stands in each of them.
    Tables of one row or column lay out, and so do those with tables in them."""
    tables: list[list[list[str]]] = []
    cells = 0
    for table in document.root.iter("table"):
        if len(tables) == MAX_TABLES or cells >= MAX_CELLS:
            document.notes.append(f"The tables have more than {MAX_CELLS} cells, or are over {MAX_TABLES}.")
            break
        if next(table.iterdescendants("table"), None) is not None:
            continue
        rows = [row for element in table.iter("tr") if (row := _row(element))]
        if len(rows) > 1 and max(map(len, rows)) > 1:
            tables.append(rows)
            cells += sum(map(len, rows))
    return {"tables": tables} if tables else {}


_READ: Mapping[AutoField, Callable[[Document], dict[str, Any]]] = {
    "main_text": _main_text,
    "markdown": _markdown,
    "metadata": _metadata,
    "tables": _tables,
}


def _row(element: Node) -> list[str]:
    row: list[str] = []
    for cell in element.iterchildren("td", "th"):
        span = cell.get("colspan") or "1"
        times = min(int(span), MAX_SPAN) if span.isascii() and span.isdigit() else 1
        row += [text_of(cell)] * max(1, times)
    return row


def _within(tables: Iterable[list[list[str]]], room: int, document: Document) -> list[list[list[str]]]:
    kept = []
    for table in tables:
        room -= len(msgspec.json.encode(table)) + 1
        if room < 0:
            document.notes.append("The tables are too long for one record; the rest was left out.")
            break
        kept.append(table)
    return kept


def _tried(read: Callable[[], Any], document: Document) -> Any:
    """The library's answer; that it fails on a page costs its fields, not the page."""
    try:
        return read()
    except Exception as problem:  # it promises nothing about what it raises
        document.notes.append(f"The main text could not be told from the rest: {type(problem).__name__}.")
        return None
