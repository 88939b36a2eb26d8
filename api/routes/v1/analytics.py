"""Questions about many records at once: in groups, in figures, in pairs, and how a series goes on."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, Reader, Wired
from api.services.analytics.rows import as_csv
from api.shapes.analytics import (
    CorrelationsAsked,
    CorrelationsTold,
    ForecastAsked,
    ForecastTold,
    QueryAsked,
    QueryTold,
    StatisticsAsked,
    StatisticsTold,
)
from api.shapes.analytics_told import correlations_told, forecast_told, query_told, statistics_told
from api.shapes.errors import documented

router = APIRouter(prefix="/api/v1/analytics", tags=["analytics"], dependencies=SCHEMES, route_class=StrictRoute)

_CSV = "text/csv"
_DOCUMENTED = documented(400, 404, 413, 422, permission=Permission.READ)
_QUERY = documented(400, 404, 413, 422, permission=Permission.READ)
_QUERY["responses"][200] = {"content": {_CSV: {"schema": {"type": "string"}, "example": "domain,count\r\n"}}}


@router.post("/query", summary="Ask about records in groups", response_model=QueryTold, **_QUERY)
async def query(
    body: QueryAsked,
    caller: Reader,
    gateway: Wired,
    request: Request,
    format: Annotated[
        Literal["json", "csv"] | None, Query(description="By default as `Accept` says: `text/csv`, else JSON.")
    ] = None,
) -> Response:
    """Your records of a dataset (everyone's for an administrator) in groups, by fields, site, job, run and time, with
    up to eight measures of each. `source` tells what answered: the records themselves, or sums by the minute. What
    would take too much is refused with what to narrow; rows beyond `limit` are told by `cut` and `total`."""
    asked, grouped, found = await gateway.analysing.query(caller, body)
    answer = query_told(body, asked, grouped, found)
    if format == "csv" or (format is None and _wants_csv(request)):
        names = [column.name for column in answer.columns]
        headers = {"X-Total-Count": str(answer.total), "Vary": "Accept"}
        return Response(as_csv(names, answer.rows), media_type=_CSV, headers=headers)
    return Response(answer.model_dump_json(), media_type="application/json", headers={"Vary": "Accept"})


@router.post("/statistics", summary="Describe fields", **_DOCUMENTED)
async def statistics(body: StatisticsAsked, caller: Reader, gateway: Wired) -> StatisticsTold:
    """What each field is like: of numbers mean, spread, quantiles, shape, outliers and a histogram that is ready to
    draw; of booleans the share; of short texts how many differ and which are most frequent."""
    found, how = await gateway.analysing.statistics(caller, body)
    return statistics_told(body, found, how)


@router.post("/correlations", summary="Correlate fields", **_DOCUMENTED)
async def correlations(body: CorrelationsAsked, caller: Reader, gateway: Wired) -> CorrelationsTold:
    """Pearson's and Spearman's coefficients of each two fields, over the records that have both, each with its
    interval: of few records a coefficient may be large by chance, and the interval shows it."""
    fields, told, found = await gateway.analysing.correlations(caller, body)
    return correlations_told(body, fields, told, found)


@router.post("/forecast", summary="Forecast a measure", **_DOCUMENTED)
async def forecast(body: ForecastAsked, caller: Reader, gateway: Wired) -> ForecastTold:
    """How a measure goes on, from its history in equal stretches of time: each to come with the range that holds the
    truth as often as `level` says. The stretch that is not over yet is left out."""
    series, told, found = await gateway.analysing.forecast(caller, body)
    return forecast_told(body, series, told, found)


def _wants_csv(request: Request) -> bool:
    """Whether CSV is the first of both that `Accept` names."""
    named = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
    wanted = [kind for kind in named if kind in (_CSV, "application/json", "*/*")]
    return bool(wanted) and wanted[0] == _CSV
