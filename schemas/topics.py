"""The topics as `topics.yaml` declares them."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

import schemas.events as events
from schemas.events import Event

SCRAPE_REQUESTS = "scrape-requests"
FETCH_TASKS = "fetch-tasks"
RAW_PAGES = "raw-pages"
PAGE_OUTCOMES = "page-outcomes"
UPLOADS = "uploads"
RAW_RECORDS = "raw-records"
CLEAN_RECORDS = "clean-records"
TRENDS = "trends"
RECORD_MARKS = "record-marks"
RUN_EVENTS = "run-events"
SYSTEM_METRICS = "system-metrics"
REQUEST_LOGS = "request-logs"
LOGS = "logs"
DEAD_LETTERS = "dead-letters"


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One declaration; `message` names the Struct that the topic carries ("bytes": the value is not ours)."""

    name: str
    description: str
    message: str
    key: str
    partitions: int
    retention_hours: int
    owner: str
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    public: bool = False

    @property
    def struct(self) -> type[Event] | None:
        """The Struct of the topic's messages, or None where the value is somebody's original bytes."""
        return None if self.message == "bytes" else getattr(events, self.message)


@cache
def topics() -> dict[str, Topic]:
    """All topics by name, in the order of the declaration."""
    declared = yaml.safe_load(files("schemas").joinpath("topics.yaml").read_text())
    return {
        name: Topic(name=name, **(entry | {side: tuple(entry[side]) for side in ("written_by", "read_by")}))
        for name, entry in declared.items()
    }


@cache
def topic_of(event: type[Event]) -> str:
    """The topic that carries this kind of event."""
    return next(topic.name for topic in topics().values() if topic.message == event.__name__)
