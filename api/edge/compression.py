"""Answers packed on the way, but for files: their bytes, lengths and ranges are those that they have."""

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

_FILES = "/api/v1/exports/"


class Compression(GZipMiddleware):
    """The framework's own, which would pack a part of a file and say that it is the part."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_FILES):
            return await self.app(scope, receive, send)
        await super().__call__(scope, receive, send)
