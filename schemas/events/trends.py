"""What the streams noticed."""

from typing import Literal

import msgspec

from schemas.events.base import Event

Detector = Literal["point", "change_point", "slow_trend", "term", "rule", "rate", "drift"]
"""What found it: the value itself, its days, a burst of a term, a job's rule, records a minute, a site's template."""


class TrendRule(msgspec.Struct, frozen=True, kw_only=True):
    """What a job wants to be told of a field: a value above or below `than`, a change against the value before by the
    fraction `than` or more (up or down), each `times` values in a row; that a record key is `new`, or `gone`."""

    when: Literal["above", "below", "change", "new", "gone"]
    field: str = ""
    than: float = 0.0
    times: int = 1


class TrendSeries(msgspec.Struct, frozen=True, kw_only=True):
    """A further series: the values of `field` under the key that the fields `key` make, such as a brand's prices."""

    field: str
    key: list[str]


class TrendTerms(msgspec.Struct, frozen=True, kw_only=True):
    """Words whose bursts are told: of the fields `fields`, counted once for each `source` (a field; by default the
    page's host) in each slot of `slot` seconds; `surprise` is the z from which on it is a burst."""

    fields: list[str]
    source: str = ""
    slot: float = 3600.0
    surprise: float = 2.2


class TrendRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a job says of its trends; it travels with each batch, so that trends needs no store to know it.

    `memory`: remember each record's last version and mark what is new, changed, gone or a repeat (`record-marks`).
    `whole_run` is the job's newest run that had read everything when this one began: what it did not see is gone.
    Empty, nothing is gone; without it nobody says so, and the run before this one is taken for whole if it saw half.
    `memory_of` names those whose last versions the records are compared with, where that is not their job: each upload
    is a job of its own. The uploads stage says it, whatever its message says.
    """

    enabled: bool = True
    sensitivity: Literal["", "few", "many"] = ""
    ignore: list[str] = []
    series: list[TrendSeries] = []
    rules: list[TrendRule] = []
    terms: TrendTerms | None = None
    memory: bool = False
    whole_run: str | None = None
    memory_of: str = ""


class Trend(Event, kw_only=True, frozen=True):
    """Something happened to a series (dataset + record key + field), found by streams/trends.

    `id` hashes series, kind and the record that set it off: the same input gives the same trends. `before` and
    `after` are in the field's unit, `change` is a fraction of `before`, `confidence` is 0–1, `values` are the last
    observations of the series, oldest first, the newest one being the one that set it off (daily medians for what
    is found by day). `phase` is `ended` for the event that closes an earlier one, whose id is `closes`: `before` is
    then what it had become, `after` what it is again. `rule` says the job's rule in words.
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
    detector: Detector = "point"
    phase: Literal["began", "ended"] = "began"
    closes: str = ""
    rule: str = ""

    def event_id(self) -> str:
        return self.id

    def partition_key(self) -> str:
        return self.series

    def trace_of(self) -> tuple[str, str]:
        return self.run_id, ""
