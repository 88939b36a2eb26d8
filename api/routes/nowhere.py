"""Addresses at which there is no stream: said as every other refusal is, not by a bare one of the framework."""

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from api import problems
from api.errors import not_found


def nowhere(default: ASGIApp) -> ASGIApp:
    """For what no route has taken: `default`, but for sockets. No route could do it: none takes a line break."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return await default(scope, receive, send)
        sentence = "There is no stream at this address; there are /ws, /api/v1/stream and /api/v1/jobs/{job_id}/stream."
        websocket = WebSocket(scope, receive, send)
        await websocket.send_denial_response(problems.answer(not_found("path", sentence), websocket))

    return answer
