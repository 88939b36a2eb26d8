"""Idempotency-Key at the edge: before a route does anything its request is claimed, afterwards its answer is kept."""

from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from api.auth.deeds import Deed
from api.services.idempotency import MAX_ANSWER, AnsweredBefore, Attempt, Idempotency, done_but_lost
from schemas.errors import DeedDone
from schemas.idempotency import KeptAnswer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_KEPT = ("content-type", "location", "etag", "x-next-cursor")


def deed_of(request: HTTPConnection) -> Deed:
    """What this request does; one object, whoever asks for it first."""
    found = request.scope["state"].setdefault("deed", Deed())
    assert isinstance(found, Deed)
    return found


async def begin(request: Request, keys: Idempotency, user_id: str) -> None:
    """Claims a POST that carries a key, once it is known that its sender may send it: an answer is for nobody else."""
    key = request.headers.get(HEADER)
    if request.method != "POST" or key is None or getattr(request.state, "attempt", None) is not None:
        return
    content = b"\x00".join((request.scope["query_string"], await request.body()))
    route = f"{request.method} {request.scope['path']}"
    request.state.attempt = await keys.begin(user_id, route, key, content, deed_of(request))


def kept(handle: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The handler of a route, whose answers are kept for requests that were claimed."""

    async def once(request: Request) -> Response:
        try:
            response = await handle(request)
        except AnsweredBefore as before:
            headers = {**before.answer.headers, REPLAYED: "true"}
            return Response(before.answer.body, before.answer.status, headers)
        except DeedDone:
            await _end(request, undone=False)
            raise done_but_lost() from None
        except BaseException as problem:
            await _end(request, undone=refused(problem))
            raise
        await _keep(request, response)
        return response

    return once


async def _keep(request: Request, response: Response) -> None:
    attempt: Attempt | None = getattr(request.state, "attempt", None)
    if attempt is None:
        return
    body = getattr(response, "body", None)
    if not 200 <= response.status_code < 300 or not isinstance(body, bytes) or len(body) > MAX_ANSWER:
        return await _end(request, undone=400 <= response.status_code < 500)
    headers = {name: value for name, value in response.headers.items() if name in _KEPT}
    await attempt.answered(KeptAnswer(response.status_code, headers, body))


async def _end(request: Request, *, undone: bool) -> None:
    attempt: Attempt | None = getattr(request.state, "attempt", None)
    if attempt is not None:
        await attempt.failed(undone=undone)


def refused(problem: BaseException) -> bool:
    """Whether the request was turned down before it changed anything. A 408 tells of a deed that goes on."""
    if isinstance(problem, HTTPException):
        return 400 <= problem.status_code < 500 and problem.status_code != 408
    return isinstance(problem, RequestValidationError)
