"""Every event that travels through a topic, by its name in `schemas/topics.yaml`.

A released version of a Struct never changes its meaning; a field may be added with a default.
Times are RFC 3339 strings in UTC, ids are lower-case UUID strings, sizes are bytes, durations milliseconds.
"""

from schemas.events.base import Event
from schemas.events.marks import Mark, RecordMarks
from schemas.events.pages import FetchResult, PageOutcome
from schemas.events.records import CleanBatch, CleanRecord, CleanRules, FieldRule, RecordBatch, Upload
from schemas.events.requests import FetchTask, Politeness, ScrapeRequest
from schemas.events.runs import RunCounts, RunEvent
from schemas.events.telemetry import LogEntry, MetricSample, RequestLog
from schemas.events.trends import Trend, TrendRule, TrendRules, TrendSeries, TrendTerms

__all__ = [
    "CleanBatch",
    "CleanRecord",
    "CleanRules",
    "Event",
    "FetchResult",
    "FetchTask",
    "FieldRule",
    "LogEntry",
    "Mark",
    "MetricSample",
    "PageOutcome",
    "Politeness",
    "RecordBatch",
    "RecordMarks",
    "RequestLog",
    "RunCounts",
    "RunEvent",
    "ScrapeRequest",
    "Trend",
    "TrendRule",
    "TrendRules",
    "TrendSeries",
    "TrendTerms",
    "Upload",
]
