"""What the streams noticed."""

from typing import Literal

from schemas.events.base import Event


class Trend(Event, kw_only=True, frozen=True):
    """Something happened to a series (dataset + record key + field), found by streams/trends.

    `id` hashes series, kind and the record that set it off: the same input gives the same trends. `before` and
    `after` are in the field's unit, `change` is a fraction of `before`, `confidence` is 0–1, `values` are the last
    observations of the series, oldest first, the newest one being the one that set it off.
    """

    id: str
    dataset: str
    run_id: str
    record_key: str
    field: str
    series: str
    kind: Literal["spike", "shift"]
    direction: Literal["up", "down"]
    score: float
    confidence: float
    before: float
    after: float
    change: float
    at: str
    record_id: str
    url: str = ""
    values: list[float] = []
    sentence: str = ""

    def event_id(self) -> str:
        return self.id

    def partition_key(self) -> str:
        return self.series

    def trace_of(self) -> tuple[str, str]:
        return self.run_id, ""
