"""`/ws`: one socket for many channels, and for commands."""

from fastapi import APIRouter, WebSocket

from api.auth.callers import Caller
from api.gateway import gateway_of
from api.live.connection import Outlet, serve
from api.live.desk import Desk
from api.live.obeying import Obeying

router = APIRouter()


@router.websocket("/ws")
async def desk(websocket: WebSocket) -> None:
    """Job updates, alerts, new data, notifications and system metrics, as they are subscribed to; and jobs started,
    held and ended by command."""
    gateway = gateway_of(websocket)

    async def tell(caller: Caller, outlet: Outlet) -> None:
        obeying = Obeying(gateway, websocket, caller)
        await Desk(gateway.live, gateway.owners, gateway.metrics, caller, outlet, obeying).serve()

    await serve(websocket, gateway, websocket.app.state.stores_away, tell)
