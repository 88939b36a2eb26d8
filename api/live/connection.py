"""A WebSocket from its upgrade to its close: who may open it, what they are told, why it ends."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from api import problems
from api.auth.callers import Caller
from api.auth.origins import foreign_origin
from api.auth.permissions import Permission
from api.errors import ApiError, Fault, forbidden, unauthenticated, unavailable
from api.gateway import Gateway, caller_of
from api.live import frames
from api.live.frames import Frame
from api.live.sockets import OpenSocket


class Outlet:
    """How a socket is written to, by one task at a time. `cursor` is that of the newest frame that it took; what the
    client says is in `said` once somebody `listens`, and forgotten before."""

    def __init__(self, websocket: WebSocket, socket: OpenSocket) -> None:
        self._websocket = websocket
        self._socket = socket
        self.cursor = ""
        self.listens = False
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_UNANSWERED)

    async def send(self, text: str) -> None:
        """Returns when the socket may take the next frame."""
        self._socket.sending_since = time.monotonic()
        try:
            await self._websocket.send_text(text)
        finally:
            self._socket.sending_since = None
        self.cursor = frames.cursor_of(text) or self.cursor

    def spilled(self) -> None:
        """The listener takes less than comes in."""
        self._socket.slow = True
        self._socket.ended.set()


Tell = Callable[[Caller, Outlet], Awaitable[None]]
"""What a socket is for: told who calls, and how to send."""

NORMAL, POLICY, TRY_LATER, FAILED = 1000, 1008, 1013, 1011
_SECRETS = {"token", "access_token", "api_key", "apikey", "authorization", "x-api-key", "key"}
_FAREWELL_S = 5.0
_UNANSWERED = 20
_SAID_A_SECOND = 20.0
_SAID_AT_ONCE = 100


class Ended(Exception):
    """The socket is to be closed with this code, after this error frame."""

    def __init__(self, code: int, frame: Frame, cursor: str = "") -> None:
        super().__init__(frame.body)
        self.code = code
        self.text = frame.text(cursor)


class Patience:
    """A bucket of tokens, one for each frame that a client says: each is looked at, and many are answered, so that
    whoever never stops would keep the gateway busy behind a limit that counts the upgrade alone."""

    def __init__(
        self,
        rate: float = _SAID_A_SECOND,
        burst: float = _SAID_AT_ONCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = rate
        self._burst = self._left = burst
        self._clock = clock
        self._at = clock()

    def take(self) -> bool:
        """False when there is no token left."""
        now = self._clock()
        self._left = min(self._burst, self._left + self._rate * (now - self._at))
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


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
    return await caller_of(gateway, websocket)


async def _converse(
    websocket: WebSocket,
    gateway: Gateway,
    caller: Caller | None,
    stores_away: tuple[type[Exception], ...],
    tell: Tell,
) -> None:
    try:
        caller = caller or await _introduced(websocket, gateway)
        websocket.state.user = caller.user_id
        if Permission.READ not in caller.permissions:
            raise forbidden(Permission.READ, caller.permissions)
        await _tell(websocket, gateway, caller, tell)
        await websocket.close(NORMAL)
    except Ended as end:
        await _leave(websocket, end.code, end.text)
    except ApiError as refusal:
        code = TRY_LATER if refusal.status_code == 503 else POLICY
        await _leave(websocket, code, _refusal(refusal))
    except stores_away:
        sentence = "A store does not answer just now; connect again shortly."
        await _leave(websocket, TRY_LATER, frames.error("SERVICE_UNAVAILABLE", sentence).text())


async def _introduced(websocket: WebSocket, gateway: Gateway) -> Caller:
    """The caller, by the `auth` frame that a client which cannot send headers begins with."""
    try:
        async with asyncio.timeout(gateway.config.auth_frame_within):
            said = _parsed(await websocket.receive())
    except TimeoutError:
        raise unauthenticated("Nobody said who they are in time.") from None
    data = said.get("data")
    token = data.get("token") if isinstance(data, dict) else said.get("token")
    if said.get("type") != "auth" or not isinstance(token, str):
        raise unauthenticated('Begin with {"type": "auth", "data": {"token": "…"}}.')
    return await gateway.callers.by_secret(token, websocket.client.host if websocket.client else "")


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
    with gateway.sockets.watched(caller) as socket:
        outlet = Outlet(websocket, socket)
        story = asyncio.ensure_future(tell(caller, outlet))
        leaving = asyncio.ensure_future(_until_gone(websocket, outlet))
        ended = asyncio.ensure_future(socket.ended.wait())
        tasks = (story, leaving, ended)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                if not task.done():
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    if socket.slow:
        gateway.metrics.slow_sockets.inc()
        sentence = "You read more slowly than this is written; connect again with this cursor."
        raise Ended(TRY_LATER, frames.error("REQUEST_TIMEOUT", sentence, reason="TOO_SLOW"), outlet.cursor)
    if ended.done() and not ended.cancelled():
        raise Ended(POLICY, frames.error("TOKEN_EXPIRED", "Your sign-in has ended or changed; sign in again."))
    if leaving.done() and not leaving.cancelled():
        leaving.result()
    story.result()


async def _until_gone(websocket: WebSocket, outlet: Outlet) -> None:
    """Reads what the client says, though mostly nobody expects anything: its leaving must be noticed."""
    patience = Patience()
    while True:
        said = _parsed(await websocket.receive())
        if not patience.take():
            sentence = (
                f"You say too much: {_SAID_A_SECOND:.0f} frames a second, and {_SAID_AT_ONCE} at once, are heard."
            )
            raise Ended(POLICY, frames.error("RATE_LIMIT_EXCEEDED", sentence, reason="TOO_MANY_FRAMES"))
        if outlet.listens:
            await outlet.said.put(said)


def _refusal(refusal: ApiError) -> str:
    """In the words of the fault that it names, if it names one."""
    message = refusal.faults[0].message if refusal.faults else refusal.message
    return frames.error(refusal.code, message).text()


async def _leave(websocket: WebSocket, code: int, text: str) -> None:
    """The error and the close, as far as a client that may have stopped reading lets them through."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_FAREWELL_S):
            await websocket.send_text(text)
            await websocket.close(code)
