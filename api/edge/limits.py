"""No request's body grows beyond the limit, whether its length was announced or not."""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.errors import ApiError, Fault, unavailable


class BodyLimit:
    """Answers 413 before anything is read when the announced length is too large, else as soon as it is passed."""

    def __init__(
        self, app: ASGIApp, limit: int, larger: Mapping[str, int] | None = None, together: int = 256_000_000
    ) -> None:
        """`larger` are the paths that have a limit of their own; `together` is what all requests may have sent that are
        being answered, for each holds its body in memory until then."""
        self._app = app
        self._limit = limit
        self._larger = dict(larger or {})
        self._together = together
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        limit = self._larger.get(scope["path"].rstrip("/"), self._limit)
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > limit:
            response = problems.answer(_refusal(limit), Request(scope))
            return await response(scope, receive, send)
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            size = len(message.get("body", b""))
            received += size
            self._held += size
            if received > limit:
                raise _refusal(limit)
            if size and self._held > self._together:
                raise unavailable("Too many large requests at once; try again shortly.", 2)
            return message

        try:
            await self._app(scope, counted, send)
        finally:
            self._held -= received


def _refusal(limit: int) -> ApiError:
    sentence = f"The body is over {limit} bytes."
    return ApiError(413, "PAYLOAD_TOO_LARGE", sentence, [Fault("body", sentence, "TOO_LARGE")])
