"""Analyses: what is asked about many records at once."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.analysing import MOST_GROUPS, MOST_MEASURES, MOST_ROWS, Clock, Function, Interval
from schemas.choosing import LONGEST_CONDITION, MOST_CONDITIONS
from schemas.job.strings import Dataset, Strict

_ID = "5f1d2c3b-0a9e-4f7d-8c6b-1a2b3c4d5e6f"
Name = Annotated[str, Field(min_length=1, max_length=200)]
Level = Annotated[float, Field(ge=0.5, le=0.99)]


def _shown(**example: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", str_strip_whitespace=True, json_schema_extra={"examples": [example]})


def _answered(**example: Any) -> ConfigDict:
    frame: dict[str, Any] = {"dataset": "shop", "source": "stored", "elapsed_ms": 41.5, "cached": False,
             "cached_at": "2026-01-05T10:30:00.000Z", "notes": []}  # fmt: skip
    return ConfigDict(json_schema_extra={"examples": [frame | example]})


class RecordsAsked(Strict):
    """Which records are meant: yours in a dataset, of all runs unless something is said."""

    dataset: Dataset = Field(description="Where the records are.")
    where: list[Annotated[str, Field(max_length=LONGEST_CONDITION)]] = Field(
        default_factory=list, max_length=MOST_CONDITIONS, description="Conditions as records take them: `price>=10`."
    )
    job_id: str | None = Field(None, max_length=100, description="Only of this job.")
    run_id: str | None = Field(None, max_length=100, description="Only of this run.")
    revision: int | None = Field(None, ge=1, le=2**31, description="Only those read by this revision of the rules.")
    since: datetime | None = Field(None, description="From then on; UTC without a zone.")
    until: datetime | None = Field(None, description="Before then.")
    refresh: bool = Field(False, description="Not an answer that was kept.")


class MeasureAsked(Strict):
    """What is told of each group."""

    fn: Function = Field(description="`stddev` is of a sample; quantiles are interpolated.")
    field: Name | None = Field(None, description="A field; `count` does without.")
    name: Name | None = Field(None, alias="as", description="The column's name; `fn_field` by default.")


class QueryAsked(RecordsAsked):
    """Records in groups, and what is told of each."""

    model_config = _shown(
        dataset="shop", where=["price>0"], group_by=["domain"], interval="day",
        measures=[{"fn": "count"}, {"fn": "avg", "field": "price", "as": "mean_price"}], order=["-count"], limit=100,
    )  # fmt: skip

    group_by: list[Name] = Field(
        default_factory=list, max_length=MOST_GROUPS, description="Fields, `domain`, `job_id`, `run_id`, `revision`."
    )
    interval: Interval | None = Field(None, description="Stretches of time, in UTC; weeks begin on Monday.")
    time: Clock = Field("fetched_at", description="Which time is meant: of the page, or of storing its records.")
    measures: list[MeasureAsked] = Field(
        default_factory=lambda: [MeasureAsked(fn="count")], min_length=1, max_length=MOST_MEASURES
    )
    order: list[Name] = Field(default_factory=list, max_length=12, description="Columns; `-count`: the greatest first.")
    limit: int = Field(1000, ge=1, le=MOST_ROWS, description="Rows at most.")
    source: Literal["auto", "stored", "aggregated"] = Field(
        "auto", description="The records themselves, or the sums by the minute; whichever is faster by default."
    )


class StatisticsAsked(RecordsAsked):
    """Which fields are described; all by default."""

    model_config = _shown(dataset="shop", fields=["price"], buckets=20)

    fields: list[Name] | None = Field(None, min_length=1, max_length=20, description="The 20 most frequent by default.")
    buckets: int | None = Field(None, ge=1, le=50, description="Of each histogram; by the numbers' spread by default.")


class CorrelationsAsked(RecordsAsked):
    """Which numbers are set against each other."""

    model_config = _shown(dataset="shop", fields=["price", "rating"], level=0.95)

    fields: list[Name] | None = Field(
        None, min_length=2, max_length=12, description="Fields of numbers; the 12 most frequent by default."
    )
    level: Level = Field(0.95, description="How sure the intervals are.")


class ForecastAsked(RecordsAsked):
    """Which series goes on, and how far."""

    model_config = _shown(dataset="shop", measure={"fn": "avg", "field": "price"}, interval="day", horizon=14)

    measure: MeasureAsked = Field(default_factory=lambda: MeasureAsked(fn="count"))
    interval: Interval = Field("day", description="How wide a bucket of the series is.")
    horizon: int = Field(14, ge=1, le=200, description="How many buckets are to come.")
    level: Level = Field(0.9, description="How often the truth is to be within the range.")

    @model_validator(mode="after")
    def _measured(self) -> "ForecastAsked":
        if self.measure.name is not None:
            raise ValueError("a series has one column, which is `value`; leave `as` away")
        return self


class Answered(BaseModel):
    """How an answer came about. `cached` ones were kept since `cached_at`, some seconds; `notes` are for people: what
    bounds were met, and what is not told."""

    dataset: str
    source: Literal["stored", "aggregated"] = "stored"
    elapsed_ms: float = Field(description="What it took to find; not again, where it was kept.")
    cached: bool
    cached_at: str
    notes: list[str] = []


class ColumnTold(BaseModel):
    """A column of the rows. `entry`: a list's entries, each for itself."""

    name: str
    type: Literal["number", "flag", "moment", "text", "entry"]


class QueryTold(Answered):
    """Rows in the order of the columns; `total` groups there are, and `cut` says whether rows are missing."""

    model_config = _answered(
        columns=[{"name": "domain", "type": "text"}, {"name": "count", "type": "number"}],
        rows=[["shop.test", 120]], total=1, cut=False,
    )  # fmt: skip

    columns: list[ColumnTold]
    rows: list[list[str | int | float | bool | None]]
    total: int
    cut: bool


class HistogramTold(BaseModel):
    """Ready to draw: `counts[n]` values are from `edges[n]` until before `edges[n + 1]`; the last edge is included."""

    edges: list[float]
    counts: list[int]


class NumbersTold(BaseModel):
    """A field of numbers. `stddev` is of a sample; `skewness` and `kurtosis` are the standardised third and fourth
    moments (a normal field has 0 and 3); outliers are beyond 1.5 times the distance of the quartiles from them."""

    field: str
    count: int
    missing: int
    mean: float | None = Field(description="Null where their sum is beyond the greatest number.")
    stddev: float | None
    min: float
    p05: float
    p25: float
    median: float
    p75: float
    p95: float
    max: float
    skewness: float | None
    kurtosis: float | None
    outliers: int
    fences: tuple[float, float]
    histogram: HistogramTold


class FlagsTold(BaseModel):
    """A boolean field."""

    field: str
    count: int
    missing: int
    true: int
    false: int
    share: float = Field(description="Of those that have it, how many are true: 0 to 1.")


class WordTold(BaseModel):
    """A text and how many records have it."""

    value: str
    count: int


class TextsTold(BaseModel):
    """A field of short texts; `top` is null, and `distinct` an estimate, where too many differ."""

    field: str
    count: int
    missing: int
    distinct: int
    top: list[WordTold] | None


class StatisticsTold(Answered):
    """Each field among those of its type; one that has several types is described in each."""

    model_config = _answered(
        records=3, numbers=[],
        flags=[{"field": "in_stock", "count": 3, "missing": 0, "true": 1, "false": 2, "share": 0.3333}],
        texts=[{"field": "name", "count": 3, "missing": 0, "distinct": 1, "top": [{"value": "Kettle", "count": 3}]}],
    )  # fmt: skip

    records: int
    numbers: list[NumbersTold]
    flags: list[FlagsTold]
    texts: list[TextsTold]


class CoefficientTold(BaseModel):
    """-1 to 1, and between which values the true one lies at that level; null where nobody can say."""

    value: float | None
    low: float | None
    high: float | None


class PairTold(BaseModel):
    """Two fields, over the `n` records that have both."""

    fields: tuple[str, str]
    n: int
    pearson: CoefficientTold
    spearman: CoefficientTold
    note: str | None


class CorrelationsTold(Answered):
    """`examined` of `records` records were looked at: all, or as many as are drawn at most."""

    model_config = _answered(
        fields=["price", "rating"], level=0.95, records=40, examined=40,
        pairs=[{
            "fields": ["price", "rating"], "n": 38, "note": None,
            "pearson": {"value": 0.41, "low": 0.1, "high": 0.65},
            "spearman": {"value": 0.38, "low": 0.06, "high": 0.63},
        }],
    )  # fmt: skip

    fields: list[str]
    level: float
    records: int
    examined: int
    pairs: list[PairTold]


class PointTold(BaseModel):
    """A bucket of the series; null where there was nothing to measure."""

    at: str
    value: float | None


class PointAhead(BaseModel):
    """A bucket to come: its middle, and the range that holds the truth at the level."""

    at: str
    value: float
    low: float
    high: float


class ForecastTold(Answered):
    """The series as it was, and how it goes on."""

    model_config = _answered(
        interval="day", level=0.9, method="level", season=None,
        series=[{"at": "2026-01-04T00:00:00.000Z", "value": 20.5}],
        forecast=[{"at": "2026-01-05T00:00:00.000Z", "value": 20.4, "low": 18.9, "high": 21.9}],
    )  # fmt: skip

    interval: Interval
    level: float
    method: str
    season: int | None = Field(description="Buckets after which the series repeats itself.")
    series: list[PointTold]
    forecast: list[PointAhead]
