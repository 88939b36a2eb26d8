"""Questions about many records at once, and what the warehouse says to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from schemas.choosing import FieldCondition

Interval: TypeAlias = Literal["minute", "hour", "day", "week", "month"]
Function: TypeAlias = Literal[
    "count", "distinct", "sum", "avg", "min", "max", "median", "p05", "p25", "p75", "p95", "p99", "stddev"
]
FieldType: TypeAlias = Literal["number", "flag", "moment", "list", "text"]
Clock: TypeAlias = Literal["fetched_at", "stored_at"]
Source: TypeAlias = Literal["stored", "aggregated"]
Value: TypeAlias = str | float | int | bool | None

MOST_GROUPS, MOST_MEASURES, MOST_ROWS = 3, 8, 10_000
OWN = ("domain", "job_id", "run_id", "revision")
"""What every record has beside its fields, and can be grouped by."""


class TooMuch(Exception):
    """The warehouse gave a question up: it reads, keeps or takes more than one question may; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which records are meant. `runs` are the only ones that may be looked at, None for those of everybody; `job_id`,
    `run_id` and `revision` leave out more. `since` is the first moment, `until` the first one after, by `clock`: when
    a page was fetched, or when its records were stored."""

    dataset: str
    runs: tuple[str, ...] | None
    where: tuple[FieldCondition, ...] = ()
    job_id: str | None = None
    run_id: str | None = None
    revision: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    clock: Clock = "fetched_at"


@dataclass(frozen=True, slots=True)
class Group:
    """What groups are told apart by: one of OWN (no `type`), or a field, of one type or of several, which are texts
    then. A list's entries stand each for themselves."""

    name: str
    types: tuple[FieldType, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """What is told of each group. `field` is empty for the records themselves, `types` are those of the field."""

    function: Function
    field: str = ""
    types: tuple[FieldType, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Records in groups. `order` names columns by their place (the bucket of time first, groups, measures), True for
    the greatest first; what is left equal is in the order of the columns before the measures."""

    scope: Scope
    groups: tuple[Group, ...] = ()
    interval: Interval | None = None
    measures: tuple[Measure, ...]
    order: tuple[tuple[int, bool], ...] = ()
    limit: int
    source: Source = "stored"


@dataclass(frozen=True, slots=True)
class Grouped:
    """Rows of values in the order of the question's columns, and how many groups there are in all. A moment is its
    milliseconds since 1970."""

    rows: Sequence[Sequence[Value]]
    total: int


Fields: TypeAlias = Mapping[str, Mapping[FieldType, int]]
"""A dataset's fields by name: about how many records have one of each type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A field of numbers: `count` values (at least one); `deviation` is of a sample, None of one value."""

    field: str
    count: int
    mean: float
    deviation: float | None
    low: float
    p05: float
    p25: float
    median: float
    p75: float
    p95: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How a field's second look is taken: around `mean` in units of `deviation` (of all its values, 0 for a constant),
    into `buckets` equal ones from `low`, `width` wide; what lies beyond the fences is an outlier."""

    field: str
    mean: float
    deviation: float
    low: float
    width: float
    buckets: int
    fences: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the second look told. The standardised third and fourth moments are None for a constant."""

    field: str
    skewness: float | None
    kurtosis: float | None
    counts: Sequence[int]
    outliers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A field of short texts: `top` are its most frequent ones; None, and `distinct` estimated, where there are too
    many for counting each."""

    field: str
    count: int
    distinct: int
    top: Sequence[tuple[str, int]] | None


@dataclass(frozen=True, slots=True)
class Sample:
    """Fields side by side: a list for each, as long as the others, NaN where a record has no such number. `total` is
    how many records they were drawn from; all of them, where the lists are as long."""

    columns: Sequence[Sequence[float]]
    total: int
