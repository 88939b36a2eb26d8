"""A WebSocket from its upgrade to its close: who may open it, what they are told, why it ends."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from api import problems
from api.auth.callers import COOKIE, Caller
from api.auth.origins import foreign_origin, same_origin
from api.auth.permissions import Permission
from api.errors import ApiError, Fault, forbidden, unauthenticated, unavailable
from api.gateway import Gateway, caller_of
from api.live import frames
from api.live.frames import Frame

Send = Callable[[Frame], Awaitable[None]]
Tell = Callable[[Caller, Send, Callable[[], None]], Awaitable[None]]
"""What a socket is for: told who calls, how to send, and whom to tell when the listener is too slow."""

NORMAL, POLICY, TRY_LATER, FAILED = 1000, 1008, 1013, 1011
_SECRETS = {"token", "access_token", "api_key", "apikey", "authorization", "x-api-key", "key"}
_FAREWELL_S = 5.0


class Ended(Exception):
    """The socket is to be closed with this code, after this error frame."""

    def __init__(self, code: int, frame: Frame) -> None:
        super().__init__(frame.text)
        self.code = code
        self.frame = frame


async def serve(websocket: WebSocket, gateway: Gateway, stores_away: Sequence[type[Exception]], tell: Tell) -> None:
    """Serves one socket to its end."""
    try:
        with gateway.sockets.place():
            caller = await _shown_at_upgrade(websocket, gateway)
            await websocket.accept()
            with contextlib.suppress(WebSocketDisconnect):
                await _converse(websocket, gateway, caller, tuple(stores_away), tell)
    except ApiError as refusal:
        await websocket.send_denial_response(problems.answer(refusal, websocket))
    except tuple(stores_away):
        away = unavailable("A store does not answer just now; try again shortly.")
        await websocket.send_denial_response(problems.answer(away, websocket))


async def _shown_at_upgrade(websocket: WebSocket, gateway: Gateway) -> Caller | None:
    """The caller, if the request that asks for the socket says who it is. ApiError for one that may not open it."""
    config = gateway.config
    if _SECRETS & {name.lower() for name in websocket.query_params}:
        sentence = "A token in an address ends in logs; send it as a header, or in an `auth` frame."
        raise ApiError(403, "INSUFFICIENT_PERMISSIONS", sentence, [Fault("query", sentence, "TOKEN_IN_QUERY")])
    if foreign_origin(websocket.headers, websocket.scope["scheme"], config.cors_origins, config.public_url):
        sentence = "Pages of other sites may not open live connections here."
        raise ApiError(403, "INSUFFICIENT_PERMISSIONS", sentence, [Fault("origin", sentence, "FOREIGN_ORIGIN")])
    trusted = same_origin(websocket.headers, websocket.scope["scheme"], config.public_url)
    return await caller_of(gateway, websocket.headers, websocket.cookies.get(COOKIE), trusted)


async def _converse(
    websocket: WebSocket,
    gateway: Gateway,
    caller: Caller | None,
    stores_away: tuple[type[Exception], ...],
    tell: Tell,
) -> None:
    try:
        caller = caller or await _introduced(websocket, gateway)
        if Permission.READ not in caller.permissions:
            raise forbidden(Permission.READ, caller.permissions)
        await _tell(websocket, gateway, caller, tell)
        await websocket.close(NORMAL)
    except Ended as end:
        await _leave(websocket, end.code, end.frame)
    except ApiError as refusal:
        await _leave(websocket, POLICY, frames.error(refusal.code, refusal.message))
    except stores_away:
        sentence = "A store does not answer just now; connect again shortly."
        await _leave(websocket, TRY_LATER, frames.error("SERVICE_UNAVAILABLE", sentence))


async def _introduced(websocket: WebSocket, gateway: Gateway) -> Caller:
    """The caller, by the `auth` frame that a client which cannot send headers begins with."""
    try:
        async with asyncio.timeout(gateway.config.auth_frame_within):
            said = _parsed(await websocket.receive())
    except TimeoutError:
        raise unauthenticated("Nobody said who they are in time.") from None
    data = said.get("data")
    token = data.get("token") if isinstance(data, dict) else None
    if said.get("type") != "auth" or not isinstance(token, str):
        raise unauthenticated('Begin with {"type": "auth", "data": {"token": "…"}}.')
    return await gateway.callers.by_secret(token)


def _parsed(message: Any) -> dict[str, Any]:
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", NORMAL))
    try:
        said = orjson.loads(message.get("text") or message.get("bytes") or b"")
    except orjson.JSONDecodeError:
        said = None
    return said if isinstance(said, dict) else {}


async def _tell(websocket: WebSocket, gateway: Gateway, caller: Caller, tell: Tell) -> None:
    """Runs the story until it is over, the client leaves, falls behind, or loses the right to listen."""
    slow = asyncio.Event()

    async def send(frame: Frame) -> None:
        await websocket.send_text(frame.text)

    with gateway.sockets.watched(caller) as socket:
        story = asyncio.ensure_future(tell(caller, send, slow.set))
        leaving = asyncio.ensure_future(_until_gone(websocket))
        ended = asyncio.ensure_future(socket.ended.wait())
        spilled = asyncio.ensure_future(slow.wait())
        tasks = (story, leaving, ended, spilled)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                if not task.done():
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    if spilled.done() and not spilled.cancelled():
        gateway.metrics.slow_sockets.inc()
        raise Ended(TRY_LATER, frames.error("TOO_SLOW", "You read more slowly than this is written; connect again."))
    if ended.done() and not ended.cancelled():
        raise Ended(POLICY, frames.error("TOKEN_EXPIRED", "Your sign-in has ended or changed; sign in again."))
    if leaving.done() and not leaving.cancelled():
        leaving.result()
    story.result()


async def _until_gone(websocket: WebSocket) -> None:
    """Reads and forgets what the client says: nothing more is expected, but its leaving must be noticed."""
    while True:
        _parsed(await websocket.receive())


async def _leave(websocket: WebSocket, code: int, frame: Frame) -> None:
    """The error and the close, as far as a client that may have stopped reading lets them through."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_FAREWELL_S):
            await websocket.send_text(frame.text)
            await websocket.close(code)
