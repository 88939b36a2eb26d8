"""No request's body grows beyond the limit, whether its length was announced or not."""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.errors import ApiError, Fault


class BodyLimit:
    """Answers 413 before anything is read when the announced length is too large, else as soon as it is passed."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > self._limit:
            response = problems.answer(self._refusal(), Request(scope))
            return await response(scope, receive, send)
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise self._refusal()
            return message

        await self._app(scope, counted, send)

    def _refusal(self) -> ApiError:
        sentence = f"The body is over {self._limit} bytes."
        return ApiError(413, "PAYLOAD_TOO_LARGE", sentence, [Fault("body", sentence, "TOO_LARGE")])
