"""What a page holds for its run: records, links, what is to be remembered. Pure: it may be read in any process."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.closings import Memory
from schemas.events import CleanRules, FetchResult, RecordBatch
from schemas.frontier import FoundLink
from schemas.job import JobDescription
from schemas.urls import fingerprint
from streams.extraction.batches import Oversized, batches_of
from streams.extraction.closings import memory_of
from streams.extraction.data_record import data_records, data_rules
from streams.extraction.document import Document, body_of, read
from streams.extraction.links import find_links
from streams.extraction.page_record import page_record
from streams.extraction.reading import Reader
from streams.extraction.rows import rows_of_entries, rows_of_links
from streams.extraction.rules import Rules
from streams.extraction.sources import Entry, read_source


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What reading a page or a source gave; `notes` says in sentences what was cut off."""

    batches: list[RecordBatch] = field(default_factory=list)
    oversized: list[Oversized] = field(default_factory=list)
    links: Sequence[FoundLink] = ()
    memory: Memory | None = None
    notes: str = ""


def read_contents(result: FetchResult, reader: Reader) -> Contents:
    """Reads a response that is a page or a source; the same bytes and rules give the same. Raises ExtractionError."""
    if result.kind != "page":
        return contents_of_source(result, reader)
    return contents_of_page(result, reader, read(result))


def contents_of_page(result: FetchResult, reader: Reader, document: Document) -> Contents:
    """The records and links of a page that was parsed. Raises ExtractionError."""
    records, clean = records_of(document, reader.run.description, reader.rules, reader.clean)
    obey = reader.run.description.options.respect_robots
    follows = reader.follows or reader.freshness is not None
    found = find_links(document, obey_nofollow=obey, spelling=reader.spelling) if follows else ()
    links = rows_of_links(found, reader, result) if reader.follows else ()
    run = reader.run
    made = batches_of(
        result, records, clean, run.job_id, run.dataset, run.revision, even_none=reader.tells_of_empty_pages
    )
    memory = memory_of(result, reader, [Entry(url, fp, "page") for url, fp, _ in found])
    notes = " ".join(document.notes)
    return Contents(batches=made.batches, oversized=made.oversized, links=links, memory=memory, notes=notes)


def records_of(
    document: Document, job: JobDescription, rules: Rules | None, clean: CleanRules
) -> tuple[list[dict[str, Any]], CleanRules]:
    """The page's raw records, and how they are to be cleaned. `rules` are the job's, compiled, and `clean` how their
    records are cleaned. Raises RuleError."""
    if document.kind in ("html", "xml") or job.extract.fields or job.extract.has_items:
        return rules.extract(document) if rules else [page_record(document)], clean
    records = data_records(document)
    return records, clean if document.kind == "text" else data_rules(clean, job, records)


def contents_of_source(result: FetchResult, reader: Reader) -> Contents:
    """The entries of a sitemap or a feed. Raises ExtractionError."""
    source = read_source(body_of(result), result.url)
    return Contents(
        links=rows_of_entries(spelled(source.entries, reader), reader, result),
        memory=memory_of(result, reader, source.entries),
        notes=" ".join(source.notes),
    )


def spelled(entries: Sequence[Entry], reader: Reader) -> list[Entry]:
    """As the run writes URLs; what differed in a session alone is one entry."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind == "page":
            url = reader.spelling.of_link(entry.url)
            entry = entry if url == entry.url else Entry(url, fingerprint(url), "page")
        found.setdefault(entry.fp, entry)
    return list(found.values())
