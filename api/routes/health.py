"""The one health check at its two short addresses."""

from fastapi import APIRouter, Request, Response

from api.auth.callers import Caller
from api.auth.permissions import Permission
from api.errors import ApiError
from api.gateway import Gateway, Wired, caller_of
from api.shapes.errors import documented
from api.shapes.system import HealthBody, health_body

router = APIRouter(tags=["system"])


async def answer_health(gateway: Gateway, request: Request, response: Response) -> HealthBody:
    """503 when a store does not answer. A process that is down leaves it at 200 and `degraded`: whoever balances
    load by this must not take away a gateway that serves. What a process logged last is for operators alone."""
    health = await gateway.health.now()
    if health.status == "unhealthy":
        response.status_code = 503
        response.headers["Retry-After"] = "2"
    asks = await _asker(gateway, request) if health.status != "unhealthy" else None
    return health_body(health, logs=asks is not None and Permission.MONITOR in asks.permissions)


async def _asker(gateway: Gateway, request: Request) -> Caller | None:
    """Whoever asks. An answer that is open to everyone does not depend on it that a key is good or a store there."""
    try:
        return await caller_of(gateway, request)
    except (ApiError, *request.app.state.stores_away):
        return None


@router.get("/health", summary="Health", **documented())
@router.get("/api/v1/health", summary="Health", **documented())
@router.get("/api/v1/health/", include_in_schema=False)
async def health(gateway: Wired, request: Request, response: Response) -> HealthBody:
    """Every store and every process, and why one is down; 503 when a store is. Open to everyone; what a process
    logged last is told to operators."""
    return await answer_health(gateway, request, response)
