"""Records on their way: raw as extracted, clean as stored."""

from typing import Any, Literal

import msgspec

from schemas.events.base import Event
from schemas.events.pipelines import Pipelines
from schemas.events.trends import TrendRules

FieldType = Literal["text", "html", "markdown", "number", "price", "date", "url", "image", "list", "boolean", "object"]
"""What a field is cleaned into. text, html (sanitised), markdown: str; number: float; price: float (and
`<field>_currency`); date: RFC 3339 str; url, image: absolute URL; list: of str, or of objects where the rule has
fields; boolean: bool; object: what its fields say, or JSON as found."""


class FieldRule(msgspec.Struct, frozen=True, kw_only=True):
    """What cleaning does with one field."""

    type: FieldType = "text"
    required: bool = False
    default: Any = None
    fields: dict[str, "FieldRule"] = {}


class CleanRules(msgspec.Struct, frozen=True, kw_only=True):
    """The run's pinned cleaning rules; they travel with each batch, so that cleaning needs no memory and no store."""

    fields: dict[str, FieldRule] = {}
    key: list[str] = []
    filters: dict[str, Any] = {}
    pipelines: Pipelines | None = None
    trends: TrendRules | None = None


class RecordBatch(Event, kw_only=True, frozen=True):
    """Up to 500 records of one page or upload, as extracted; none of a page on which the job's rules select nothing.
    `id` hashes run, url, fetch, revision and part."""

    id: str
    dataset: str
    run_id: str
    job_id: str
    url: str
    url_fp: str
    fetch_id: str
    fetched_at: str
    part: int = 0
    revision: int = 1
    rules: CleanRules = CleanRules()
    records: list[dict[str, Any]] = []

    def event_id(self) -> str:
        return self.id

    def partition_key(self) -> str:
        return self.dataset

    def trace_of(self) -> tuple[str, str]:
        return self.run_id, self.url_fp


class CleanRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One clean record. `id` hashes batch id and index; `key` is what makes two records the same thing.

    Its scores (docs/records.md has the formulas): `completeness` and `quality` are 0–100, `language` is an ISO 639-1
    code, or empty where too little text says it, `word_count` counts the words of its texts.
    """

    id: str
    key: str
    data: dict[str, Any]
    completeness: float = 100.0
    quality: float = 100.0
    language: str = ""
    word_count: int = 0
    category: str = ""
    data_type: str = ""


class CleanBatch(Event, kw_only=True, frozen=True):
    """One for each raw batch, even an empty one: counted_in = len(records) + rejected + filtered. `numeric` and `typed`
    are the fields that its rules give such a type and that a record of it has; a `list` is one of texts."""

    id: str
    dataset: str
    run_id: str
    job_id: str
    url: str
    url_fp: str
    fetch_id: str
    fetched_at: str
    part: int = 0
    revision: int = 1
    counted_in: int = 0
    rejected: int = 0
    filtered: int = 0
    numeric: dict[str, Literal["number", "price"]] = {}
    typed: dict[str, Literal["boolean", "date", "list"]] = {}
    records: list[CleanRecord] = []
    trends: TrendRules | None = None

    def event_id(self) -> str:
        return self.id

    def partition_key(self) -> str:
        return self.dataset

    def trace_of(self) -> tuple[str, str]:
        return self.run_id, self.url_fp


class Upload(Event, kw_only=True, frozen=True):
    """Records from outside; streams/uploads gives them a run and an identity. `run_id` and `part` are the gateway's,
    which has opened the run of an upload whose records need several messages; others leave them out."""

    dataset: str
    records: list[dict[str, Any]]
    rules: CleanRules = CleanRules()
    id: str = ""
    run_id: str = ""
    part: int = 0

    def event_id(self) -> str:
        return self.id

    def partition_key(self) -> str:
        return self.dataset
