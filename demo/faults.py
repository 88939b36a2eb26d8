"""Faults on request, for trying a crawler's patience: a status, a slow answer, a broken one, one that gets better.

No page links here. Everything is bounded, so that a test that goes wrong does not hang.
"""

import asyncio
from collections import OrderedDict

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

_SLOWEST_MS = 60_000
_FLAKY_KEPT = 1_000
_NO_BODY = {204, 304}
_LOWEST, _HIGHEST = 200, 599


def _whole(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, "")
    return min(int(text), most) if text.isascii() and text.isdigit() else default


def _document(text: str) -> str:
    return f"<!doctype html><title>{text}</title><h1>{text}</h1>"


async def _status(request: Request) -> Response:
    """`/faults/503?retry_after=2`, `/faults/302?to=/deals`: that status, with Retry-After or Location if asked for."""
    status = request.path_params["status"]
    if not _LOWEST <= status <= _HIGHEST:
        return HTMLResponse(_document("A status lies between 200 and 599"), 400)
    headers = {}
    if "retry_after" in request.query_params:
        headers["retry-after"] = str(_whole(request, "retry_after", 1, 3600))
    target = request.query_params.get("to", "")
    if target.startswith("/") and not target.startswith("//"):
        headers["location"] = target
    if status in _NO_BODY:
        return Response(status_code=status, headers=headers)
    return HTMLResponse(_document(f"Fault {status}"), status, headers)


async def _slow(request: Request) -> Response:
    """`/faults/slow?ms=1500`: answers after so many milliseconds, a minute at most."""
    delay = _whole(request, "ms", 1000, _SLOWEST_MS)
    await asyncio.sleep(delay / 1000)
    return HTMLResponse(_document(f"Slow by {delay} ms"))


class _Broken(Response):
    """Promises more bytes than it sends, then hangs up: the server closes a connection whose answer is incomplete."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"4096")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"<!doctype html><title>Half a p", "more_body": True})


async def _drop(_request: Request) -> Response:
    """`/faults/drop`: the connection closes in the middle of the body."""
    return _Broken()


class _Flaky:
    """`/faults/flaky/KEY?times=2`: 503 so many times, then the page; each key is counted apart, a thousand at most."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, int] = OrderedDict()

    async def answer(self, request: Request) -> Response:
        key = request.path_params["key"]
        failed = self._failures.pop(key, 0)
        again = failed < _whole(request, "times", 2, 100)
        self._failures[key] = failed + again
        if len(self._failures) > _FLAKY_KEPT:
            self._failures.popitem(last=False)
        return HTMLResponse(_document("Not yet" if again else "Better now"), 503 if again else 200)


def fault_routes() -> list[Route]:
    """The routes under /faults; a fresh count of failures with each call."""
    return [
        Route("/faults/slow", _slow),
        Route("/faults/drop", _drop),
        Route("/faults/flaky/{key}", _Flaky().answer),
        Route("/faults/{status:int}", _status),
    ]
