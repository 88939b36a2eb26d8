"""The one health check at its two short addresses."""

from fastapi import APIRouter, Response

from api.gateway import Gateway, Wired
from api.shapes.errors import documented
from api.shapes.system import HealthBody, health_body

router = APIRouter(tags=["system"])


async def answer_health(gateway: Gateway, response: Response) -> HealthBody:
    """503 when a store does not answer. A process that is down leaves it at 200 and `degraded`: whoever balances
    load by this must not take away a gateway that serves."""
    health = await gateway.health.now()
    if health.status == "unhealthy":
        response.status_code = 503
        response.headers["Retry-After"] = "2"
    return health_body(health)


@router.get("/health", summary="Health", **documented())
@router.get("/api/v1/health", summary="Health", **documented())
async def health(gateway: Wired, response: Response) -> HealthBody:
    """Every store and every process, and why one is down; 503 when a store is. Open to everyone."""
    return await answer_health(gateway, response)
