"""The records of a page without rules that is no markup: what JSON and tables say, or a text with its title."""

from typing import Any

import msgspec

from schemas.events.records import CleanRules, FieldRule
from schemas.job import JobDescription
from streams.extraction.document import Document
from streams.extraction.page_record import SHORT_BYTES, TEXT_BYTES, cut

MAX_RECORDS = 20_000
"""Records of one page at most."""

KEYS = ("url", "id", "_id", "@id", "sku", "key", "code", "slug", "name", "title")
"""Fields that tell the records of a page apart, where all of them have one and no two the same."""


def data_records(document: Document) -> list[dict[str, Any]]:
    """One record for each object of a list (row of a table), else one for the page.

    A record is the object as it is, with the page's `url` where it has none of its own. What is no object is the
    page's `value`. A text is `url`, `title` where it has one, and `text`. What is beyond MAX_RECORDS is noted.
    """
    if document.kind == "text":
        record = {"url": document.url, "text": cut(document.text.strip(), TEXT_BYTES, document, "text")}
        if document.title:
            record["title"] = cut(document.title, SHORT_BYTES, document, "title")
        return [record]
    value = document.data
    if not _is_list_of_objects(value):
        return [_record(value, document.url)]
    if len(value) > MAX_RECORDS:
        document.notes.append(f"The page has {len(value)} records; {MAX_RECORDS} were read.")
    return [_record(one, document.url) for one in value[:MAX_RECORDS]]


def data_rules(clean: CleanRules, job: JobDescription, records: list[dict[str, Any]]) -> CleanRules:
    """How records of JSON and of tables are cleaned, where `clean` is for page records: their fields are what the host
    made them, so that only `url` and what the job's pipelines speak of have rules.

    Without a key of the job's own: the first of KEYS that tells the page's records apart; where none does, all that
    they say together, so that no two things are taken for one.
    """
    fields = {"url": FieldRule(type="url")}
    key = list(job.extract.key) or _natural_key(records)
    return msgspec.structs.replace(clean, fields={**fields, **job.clean.added_rules(fields)}, key=key)


def _record(value: Any, url: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {"url": url, "value": value}
    own = value.get("url")
    return value if isinstance(own, str) and own.strip() else {**value, "url": url}


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _natural_key(records: list[dict[str, Any]]) -> list[str]:
    if len(records) == 1:
        return ["url"]
    for name in KEYS:
        values = {record.get(name) for record in records if isinstance(record.get(name), str | int)}
        if len(values) == len(records):
            return [name]
    common = set(records[0]).intersection(*records[1:]) if records else set()
    return sorted(name for name in common if name != "url")[:50] or ["url"]
