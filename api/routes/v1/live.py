"""What happens, as it happens, over WebSocket."""

from collections.abc import Callable

from fastapi import APIRouter, WebSocket

from api.auth.callers import Caller
from api.errors import invalid
from api.gateway import gateway_of
from api.live.channels import CHANNELS, tail
from api.live.connection import Send, serve
from api.live.follow import Story

router = APIRouter(prefix="/api/v1")


@router.websocket("/jobs/{job_id}/stream")
async def stream(websocket: WebSocket, job_id: str) -> None:
    """The newest run of a job: `progress`, `log`, `status`, `record`, `trend`, and at its end `complete`."""
    gateway = gateway_of(websocket)

    async def tell(caller: Caller, send: Send, spilled: Callable[[], None]) -> None:
        story = Story(gateway.hub, gateway.jobs, gateway.ports.records, gateway.config, send)
        await story.tell(caller, job_id, spilled)

    await serve(websocket, gateway, websocket.app.state.stores_away, tell)


@router.websocket("/stream")
async def channel(websocket: WebSocket) -> None:
    """One channel over everything that the caller may see: records, trends, runs or outcomes."""
    gateway = gateway_of(websocket)
    name = websocket.query_params.get("channel", "runs")
    dataset = websocket.query_params.get("dataset")

    async def tell(caller: Caller, send: Send, spilled: Callable[[], None]) -> None:
        if name not in CHANNELS:
            raise invalid("channel", f"There is no such channel; there are {', '.join(CHANNELS)}.")
        await tail(gateway.hub, gateway.owners, caller, name, dataset, send, spilled)

    await serve(websocket, gateway, websocket.app.state.stores_away, tell)
