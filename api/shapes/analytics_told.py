"""From what analyses found to what is answered."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from api.services.analytics.asking import Asked
from api.services.analytics.buckets import edges
from api.services.analytics.correlating import Coefficient
from api.services.analytics.describing import Described
from api.services.analytics.forecasting import Forecast
from api.services.analytics.rows import told
from api.services.analytics.series import Series
from api.services.analytics.service import Correlated, Found
from api.shapes.analytics import (
    CoefficientTold,
    ColumnTold,
    CorrelationsAsked,
    CorrelationsTold,
    FlagsTold,
    ForecastAsked,
    ForecastTold,
    HistogramTold,
    NumbersTold,
    PairTold,
    PointAhead,
    PointTold,
    QueryAsked,
    QueryTold,
    StatisticsAsked,
    StatisticsTold,
    TextsTold,
    WordTold,
)
from schemas.analysing import Grouped, Shape, Spread, Summary
from schemas.moments import rfc3339


def query_told(body: QueryAsked, asked: Asked, grouped: Grouped, found: Found) -> QueryTold:
    """Columns and rows."""
    return QueryTold(
        **_frame(body.dataset, found) | {"source": asked.question.source},
        columns=[ColumnTold(name=name, type=type_) for name, type_ in asked.columns],
        rows=told(grouped.rows, [type_ for _, type_ in asked.columns]),
        total=grouped.total,
        cut=grouped.total > len(grouped.rows),
    )


def statistics_told(body: StatisticsAsked, found: Described, how: Found) -> StatisticsTold:
    """Fields by type."""
    return StatisticsTold(
        **_frame(body.dataset, how),
        records=found.records,
        numbers=[_numbers(*one, found.records) for one in found.numbers],
        flags=[
            FlagsTold(field=field, count=count, missing=max(0, found.records - count), true=yes, false=count - yes,
                      share=yes / count)
            for field, count, yes in found.flags
        ],
        texts=[
            TextsTold(
                field=words.field, count=words.count, missing=max(0, found.records - words.count),
                distinct=words.distinct,
                top=None if words.top is None else [WordTold(value=value, count=count) for value, count in words.top],
            )
            for words in found.words
        ],
    )  # fmt: skip


def correlations_told(
    body: CorrelationsAsked, fields: Sequence[str], told: Correlated, found: Found
) -> CorrelationsTold:
    """Pairs."""
    return CorrelationsTold(
        **_frame(body.dataset, found),
        fields=list(fields),
        level=body.level,
        records=told.total,
        examined=told.drawn,
        pairs=[
            PairTold(
                fields=(pair.first, pair.second), n=pair.n, note=pair.note,
                pearson=_coefficient(pair.pearson), spearman=_coefficient(pair.spearman),
            )
            for pair in told.pairs
        ],
    )  # fmt: skip


def forecast_told(body: ForecastAsked, series: Series, forecast: Forecast, found: Found) -> ForecastTold:
    """What was, and what is to come: at the beginnings of their buckets as the calendar has them."""
    count = len(series.values)
    return ForecastTold(
        **_frame(body.dataset, found),
        interval=body.interval,
        level=body.level,
        method=forecast.method,
        season=forecast.season,
        series=[PointTold(at=rfc3339(series.moment(place)), value=value) for place, value in enumerate(series.values)],
        forecast=[
            PointAhead(at=rfc3339(series.moment(count + place)), value=point.value, low=point.low, high=point.high)
            for place, point in enumerate(forecast.points)
        ],
    )


def _frame(dataset: str, found: Found) -> dict[str, Any]:
    kept = found.remembered
    return {
        "dataset": dataset,
        "elapsed_ms": round(kept.elapsed_ms, 1),
        "cached": kept.cached,
        "cached_at": rfc3339(kept.at),
        "notes": list(found.notes),
    }


def _numbers(summary: Summary, spread: Spread, shape: Shape, records: int) -> NumbersTold:
    return NumbersTold(
        field=summary.field,
        count=summary.count,
        missing=max(0, records - summary.count),
        mean=summary.mean if isfinite(summary.mean) else None,
        stddev=summary.deviation,
        min=summary.low,
        p05=summary.p05,
        p25=summary.p25,
        median=summary.median,
        p75=summary.p75,
        p95=summary.p95,
        max=summary.high,
        skewness=shape.skewness,
        kurtosis=shape.kurtosis,
        outliers=shape.outliers,
        fences=spread.fences,
        histogram=HistogramTold(edges=list(edges(spread, summary.high)), counts=list(shape.counts)),
    )


def _coefficient(found: Coefficient) -> CoefficientTold:
    return CoefficientTold(value=found.value, low=found.low, high=found.high)
