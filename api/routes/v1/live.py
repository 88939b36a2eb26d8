"""What happens, as it happens, over WebSocket."""

from fastapi import APIRouter, WebSocket

from api.auth.callers import Caller
from api.errors import invalid
from api.gateway import gateway_of
from api.live.channels import tail
from api.live.connection import Outlet, serve
from api.live.follow import Story
from api.live.streams import CHANNELS

router = APIRouter(prefix="/api/v1")


@router.websocket("/jobs/{job_id}/stream")
async def stream(websocket: WebSocket, job_id: str) -> None:
    """The newest run of a job, or the one that `run_id` names: `progress`, `log`, `status`, `record`, `trend`, and at
    its end `complete`. With `cursor` it goes on after the frame that had it."""
    gateway = gateway_of(websocket)
    asked = websocket.query_params

    async def tell(caller: Caller, outlet: Outlet) -> None:
        story = Story(gateway.live, gateway.jobs, gateway.config, outlet)
        await story.tell(caller, job_id, asked.get("run_id"), asked.get("cursor"))

    await serve(websocket, gateway, websocket.app.state.stores_away, tell)


@router.websocket("/stream")
async def channel(websocket: WebSocket) -> None:
    """One channel over everything that the caller may see: records, marks, trends, runs or outcomes. With `cursor`
    it goes on after the frame that had it."""
    gateway = gateway_of(websocket)
    asked = websocket.query_params
    name = asked.get("channel", "runs")

    async def tell(caller: Caller, outlet: Outlet) -> None:
        if name not in CHANNELS:
            raise invalid("channel", f"There is no such channel; there are {', '.join(CHANNELS)}.")
        await tail(gateway.live, gateway.owners, caller, name, asked.get("dataset"), asked.get("cursor"), outlet)

    await serve(websocket, gateway, websocket.app.state.stores_away, tell)
