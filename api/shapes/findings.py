"""Records, URLs and trends as v1 tells them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from api.services.stories import Story
from schemas.ledger import Run, StoredMark, StoredRecord, StoredTrend, UrlFate

_RECORD: dict[str, Any] = {
    "id": "8d1f7c1e-1111-4a5b-9c2d-3e4f5a6b7c8d",
    "key": "SKU-0042",
    "url": "http://127.0.0.1:8090/c/tea/?page=2",
    "fetched_at": "2026-01-05T10:30:01.200Z",
    "data": {"sku": "SKU-0042", "name": "Oolong", "price": 12.5, "price_currency": "GBP"},
    "scores": {
        "completeness": 100.0,
        "quality": 96.5,
        "language": "",
        "word_count": 1,
        "category": "home",
        "data_type": "ecommerce",
    },
}
_MARK: dict[str, Any] = {
    "record_id": _RECORD["id"],
    "key": "SKU-0042",
    "state": "changed",
    "other": "1c0e6f0a-0f3e-4d2a-8f6f-2a3c1e108d1f",
    "fields": {"price": [12.5, 8.9]},
    "at": "2026-01-05T10:30:02Z",
}
_URL: dict[str, Any] = {
    "url": "http://127.0.0.1:8090/c/tea/",
    "host": "127.0.0.1:8090",
    "depth": 1,
    "state": "done",
    "outcome": "fetched",
    "class": "fetched",
    "status": 200,
    "attempt": 1,
    "records": 20,
    "found_on": "http://127.0.0.1:8090/",
    "found_at": "2026-01-05T10:30:00.400Z",
    "closed_at": "2026-01-05T10:30:00.900Z",
    "reason": "",
}
_STORY: dict[str, Any] = {
    "url": "http://127.0.0.1:8090/c/tea/?utm_source=x",
    "canonical": _URL["url"],
    "trace_id": "5c0b2d7e9f1a4b3c8d6e7f5a4b3c2d1e",
    "known": True,
    "sentence": "The page was fetched.",
    "found_on": [
        {
            "url": "http://127.0.0.1:8090/",
            "depth": 0,
            "found_at": "2026-01-05T10:30:00.120Z",
            "outcome": "fetched",
            "status": 200,
        }
    ],
    "redirects": [],
    "attempts": [
        {
            "attempt": 1,
            "at": "2026-01-05T10:30:00.700Z",
            "outcome": "fetched",
            "status": 200,
            "reason": "",
            "elapsed_ms": 21.4,
            "address": "127.0.0.1",
            "final": True,
        }
    ],
    "waits_for": [],
}
_TREND: dict[str, Any] = {
    "id": "2f0a9d4e-2222-4c3b-8d7e-6f5a4b3c2d1e",
    "dataset": "deals",
    "run_id": "5f1d2c3b-0a9e-4f7d-8c6b-1a2b3c4d5e6f",
    "record_key": "SKU-0042",
    "field": "price",
    "series": "deals/SKU-0042/price",
    "kind": "spike",
    "direction": "down",
    "score": 14.2,
    "confidence": 0.99,
    "before": 12.5,
    "after": 8.9,
    "change": -0.288,
    "at": "2026-01-05T10:31:00Z",
    "record_id": _RECORD["id"],
    "url": _RECORD["url"],
    "values": [12.5, 12.4, 12.6, 8.9],
    "sentence": "price of SKU-0042 fell by 29 %",
}


class ScoresBody(BaseModel):
    """What cleaning says of a record: how much of it there is, how good that is, and what it is about."""

    completeness: float = Field(description="0 to 100: the share of the job's fields that have a value.")
    quality: float = Field(description="0 to 100: 0.5 × completeness + 0.3 × validity + 0.2 × clarity.")
    language: str = Field(description="ISO 639-1; empty where too little text says it.")
    word_count: int
    category: str = Field(description="technology, science, business …, or other.")
    data_type: str = Field(description="news, social_media, ecommerce, research or other.")


class RecordBody(BaseModel):
    """One clean record; `key` is what makes two records the same thing."""

    id: str
    key: str
    url: str
    fetched_at: datetime
    data: dict[str, Any]
    scores: ScoresBody


class MarkBody(BaseModel):
    """One record against what was known before it: `new`, `changed`, `repeat`, `similar` or `gone`; `other` is the id
    of the record that it follows, repeats or resembles, `fields` says from what to what."""

    record_id: str
    key: str
    state: str
    other: str
    fields: dict[str, list[Any]]
    at: datetime


class MarkPage(BaseModel):
    """A piece of a run's marks, in the order of their key."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"marks": [_MARK], "next_cursor": None}]})

    marks: list[MarkBody]
    next_cursor: str | None


class RecordPage(BaseModel):
    """A piece of a run's records, in the order of their key."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_id": "0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10",
                    "run_id": _TREND["run_id"],
                    "dataset": "shop",
                    "records": [_RECORD],
                    "next_cursor": None,
                }
            ]
        }
    )

    job_id: str
    run_id: str
    dataset: str
    records: list[RecordBody]
    next_cursor: str | None


class UrlBody(BaseModel):
    """One URL and its fate: `outcome` is null until its task is closed, `class` is the sum it counts in."""

    model_config = ConfigDict(populate_by_name=True)

    url: str
    host: str
    depth: int
    state: str = Field(description="queued, issued or done")
    outcome: str | None
    klass: str | None = Field(alias="class", description="fetched, failed or filtered")
    status: int | None
    attempt: int
    records: int
    found_on: str
    found_at: datetime
    closed_at: datetime | None
    reason: str


class StepBody(BaseModel):
    """Another URL of the same run, on the way from the seed or along a redirect."""

    url: str
    depth: int
    found_at: datetime
    outcome: str | None
    status: int | None


class AttemptBody(BaseModel):
    """One visit. `address` is what answered; `final` says that it closed the task."""

    attempt: int
    at: datetime
    outcome: str
    status: int | None
    reason: str
    elapsed_ms: float
    address: str
    final: bool


class StoryBody(BaseModel):
    """Everything about one URL in one run; `sentence` is the answer in short.

    `found_on` leads from the page that linked to it back to the seed, `redirects` from the first address to the last,
    `waits_for` says what holds it up. A URL that the run has not met has only the first five fields.
    """

    model_config = ConfigDict(populate_by_name=True)

    url: str = Field(description="As it was asked for.")
    canonical: str = Field(description="The one spelling under which a run knows a URL.")
    trace_id: str = Field(description="W3C trace id, the same in every message, log line and row about it.")
    known: bool = Field(description="Whether the run has met it.")
    sentence: str
    found_on: list[StepBody] = []
    redirects: list[StepBody] = []
    attempts: list[AttemptBody] = []
    waits_for: list[str] = []


class UrlPage(BaseModel):
    """A piece of a run's URLs; with `url`, that one and its whole story."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"urls": [_URL], "next_cursor": None, "story": _STORY}]})

    urls: list[UrlBody]
    next_cursor: str | None
    story: StoryBody | None = None


class TrendBody(BaseModel):
    """Something that happened to a series (dataset, record key, field); `change` is a fraction of `before`.

    `detector` found it; with the phase `ended` it closes the trend `closes`. `rule` is the job's, in words.
    """

    id: str
    dataset: str
    run_id: str
    record_key: str
    field: str
    series: str
    kind: str
    direction: str
    score: float
    confidence: float
    before: float
    after: float
    change: float
    at: datetime
    record_id: str
    url: str
    values: list[float]
    sentence: str
    detector: str = "point"
    phase: str = "began"
    closes: str = ""
    rule: str = ""


class TrendPage(BaseModel):
    """A piece of the trends, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"trends": [_TREND], "next_cursor": None}]})

    trends: list[TrendBody]
    next_cursor: str | None


def record_page(run: Run, records: Sequence[StoredRecord], next_cursor: str | None) -> bytes:
    """A `RecordPage` as bytes: each record's data is put in as it is stored, without reading it again."""
    page = {"job_id": run.job_id, "run_id": run.id, "dataset": run.dataset}
    return orjson.dumps({**page, "records": [_plain(record) for record in records], "next_cursor": next_cursor})


def record_line(record: StoredRecord) -> bytes:
    """A record as one line of JSON Lines."""
    return orjson.dumps(_plain(record), option=orjson.OPT_APPEND_NEWLINE)


def _plain(record: StoredRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "key": record.key,
        "url": record.url,
        "fetched_at": record.fetched_at,
        "data": orjson.Fragment(record.data),
        "scores": {
            "completeness": round(record.completeness, 1),
            "quality": round(record.quality, 1),
            "language": record.language,
            "word_count": record.word_count,
            "category": record.category,
            "data_type": record.data_type,
        },
    }


def mark_page(marks: Sequence[StoredMark], next_cursor: str | None) -> MarkPage:
    """Marks as v1 tells them."""
    told = [{**asdict(mark), "fields": orjson.loads(mark.fields or "{}")} for mark in marks]
    return MarkPage(marks=[MarkBody.model_validate(mark) for mark in told], next_cursor=next_cursor)


def url_page(fates: Sequence[UrlFate], next_cursor: str | None) -> UrlPage:
    """URLs as v1 tells them."""
    return UrlPage(urls=[UrlBody.model_validate(asdict(fate)) for fate in fates], next_cursor=next_cursor)


def story_page(story: Story) -> UrlPage:
    """One URL with its story, as the only item of a list."""
    page = url_page([story.fate] if story.fate else [], None)
    page.story = StoryBody(
        url=story.asked,
        canonical=story.canonical,
        trace_id=story.trace_id,
        known=story.fate is not None,
        sentence=story.sentence,
        found_on=[_step(fate) for fate in story.chain],
        redirects=[_step(fate) for fate in story.redirects],
        attempts=[AttemptBody(**asdict(attempt)) for attempt in story.attempts],
        waits_for=list(story.waits),
    )
    return page


def _step(fate: UrlFate) -> StepBody:
    return StepBody(url=fate.url, depth=fate.depth, found_at=fate.found_at, outcome=fate.outcome, status=fate.status)


def trend_page(trends: Sequence[StoredTrend], next_cursor: str | None) -> TrendPage:
    """Trends as v1 tells them."""
    return TrendPage(trends=[TrendBody.model_validate(asdict(trend)) for trend in trends], next_cursor=next_cursor)
