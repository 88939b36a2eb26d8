"""The system's own state."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from api.auth.permissions import Permission
from api.config import VERSION
from api.edge.versions import VERSIONS
from api.gateway import SCHEMES, Reader, Wired
from api.routes.health import answer_health
from api.shapes.errors import documented
from api.shapes.figures import StatsBody, stats_body
from api.shapes.system import HealthBody, PingBody, VersionBody
from schemas.moments import rfc3339

router = APIRouter(prefix="/api/v1/system", tags=["system"])

_METRICS = documented(permission=Permission.READ)
_METRICS["responses"][200] = {
    "content": {"text/plain": {"schema": {"type": "string"}, "example": "trawl_http_in_flight 1.0\n"}}
}


@router.get("/ping", summary="Ping", dependencies=SCHEMES, **documented(permission=Permission.READ))
async def ping(caller: Reader) -> PingBody:
    """Answers at once, without asking a store for more than who you are."""
    return PingBody(ping="pong", time=rfc3339(datetime.now(UTC)))


@router.get("/version", summary="Version", dependencies=SCHEMES, **documented(permission=Permission.READ))
async def version(caller: Reader) -> VersionBody:
    """What runs here."""
    return VersionBody(name="trawl", version=VERSION, api_versions=list(VERSIONS))


@router.get("/stats", summary="Statistics", dependencies=SCHEMES, **documented(permission=Permission.READ))
async def stats(caller: Reader, gateway: Wired) -> StatsBody:
    """Jobs by status, pages, records, exports: your own, or the whole system's for whoever watches over it."""
    return stats_body(await gateway.counting.of(caller), gateway.health.uptime)


@router.get("/metrics", summary="Metrics", dependencies=SCHEMES, response_class=Response, **_METRICS)
async def metrics(caller: Reader, gateway: Wired) -> Response:
    """Prometheus' text format: the gateway's metrics and the newest of every other process."""
    return Response(gateway.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/health", summary="Health", **documented(503))
async def health(gateway: Wired, request: Request, response: Response) -> HealthBody:
    """The one health check: every store and every process, and why one is down. Open to everyone; what a process
    logged last is told to operators."""
    return await answer_health(gateway, request, response)
