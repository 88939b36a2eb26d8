"""Records on their way: raw as extracted, clean as stored."""

from typing import Any, Literal

import msgspec

from schemas.events.base import Event

FieldType = Literal["text", "number", "price", "date", "url", "list"]
"""What a field is cleaned into: str, float, float (and `<field>_currency`), RFC 3339 str, absolute URL, list of str."""


class FieldRule(msgspec.Struct, frozen=True, kw_only=True):
    """What cleaning does with one field."""

    type: FieldType = "text"
    required: bool = False
    default: Any = None


class CleanRules(msgspec.Struct, frozen=True, kw_only=True):
    """The run's pinned cleaning rules; they travel with each batch, so that cleaning needs no memory and no store."""

    fields: dict[str, FieldRule] = {}
    key: list[str] = []
    filters: dict[str, Any] = {}


class RecordBatch(Event, kw_only=True, frozen=True):
    """1–500 records of one page or upload, as extracted. `id` hashes run, url, fetch, revision and part."""

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


class CleanRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One clean record. `id` hashes batch id and index; `key` is what makes two records the same thing."""

    id: str
    key: str
    data: dict[str, Any]


class CleanBatch(Event, kw_only=True, frozen=True):
    """One for each raw batch, even an empty one: counted_in = len(records) + rejected + filtered."""

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
    records: list[CleanRecord] = []

    def event_id(self) -> str:
        return self.id

    def partition_key(self) -> str:
        return self.dataset

    def trace_of(self) -> tuple[str, str]:
        return self.run_id, self.url_fp


class Upload(Event, kw_only=True, frozen=True):
    """Records from outside; streams/uploads gives them a run and an identity."""

    dataset: str
    records: list[dict[str, Any]]
    rules: CleanRules = CleanRules()
    id: str = ""

    def event_id(self) -> str:
        return self.id

    def partition_key(self) -> str:
        return self.dataset
