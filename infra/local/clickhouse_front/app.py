"""The HTTP side of the front: who may ask, how many at once, and how answers and exceptions are told."""

import asyncio
import binascii
import hmac
import io
import json
import secrets
import time
import uuid
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar, TypeVarTuple, Unpack

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from infra.local.clickhouse_front.engine import Answer, Engine
from infra.local.clickhouse_front.errors import Refused, too_many, wrong_password
from infra.local.clickhouse_front.query import Query, parse_query
from infra.local.clickhouse_front.request_body import BoundedReader, body_of, decoded

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")
RUNNING = 8
WAITING = 64


@dataclass(frozen=True)
class Account:
    """The one user."""

    name: str
    password: str

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether the request has the name and the password, by Basic sign-in or by ClickHouse's own headers."""
        name, password = _credentials(headers)
        same_name = hmac.compare_digest(name, self.name.encode())
        return hmac.compare_digest(password, self.password.encode()) and same_name


class Front:
    """Runs requests on the engine: eight at a time, sixty-four wait, more are refused with 503."""

    def __init__(self, engine: Engine, account: Account, database: str) -> None:
        self._engine = engine
        self._account = account
        self._database = database
        self._threads = ThreadPoolExecutor(RUNNING, "query")
        self._running = asyncio.Semaphore(RUNNING)
        self._present = 0

    def app(self) -> Starlette:
        """The application; the engine runs as long as it does."""
        routes = [Route("/", self.query, methods=["GET", "POST"]), Route("/ping", _ping)]
        return Starlette(routes=routes, lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await asyncio.to_thread(self._engine.open, self._database)
        try:
            yield
        finally:
            self._threads.shutdown()
            self._engine.close()

    async def query(self, request: Request) -> Response:
        """One query, from sign-in to answer."""
        query_id = request.query_params.get("query_id") or str(uuid.uuid4())
        try:
            if not self._account.admits(request.headers):
                raise wrong_password()
            query, body = await _read(request)
            if self._present >= RUNNING + WAITING:
                raise too_many(WAITING)
            started = time.monotonic_ns()
            await self._enter()
            try:
                answer = await self._in_thread(self._engine.run, query, body)
            except BaseException:
                self._leave()
                raise
        except Refused as refused:
            return self._exception(refused, query_id)
        return self._answer(answer, query_id, time.monotonic_ns() - started)

    def _answer(self, answer: Answer, query_id: str, elapsed_ns: int) -> Response:
        headers = self._headers(query_id) | {
            "X-ClickHouse-Format": answer.format,
            "X-ClickHouse-Summary": json.dumps({**answer.summary, "elapsed_ns": str(elapsed_ns)}),
        }
        media_type = "text/plain; charset=UTF-8"
        if answer.rest is None:
            self._leave()
            return Response(answer.head, headers=headers, media_type=media_type)
        tag = secrets.token_hex(8)
        headers["X-ClickHouse-Exception-Tag"] = tag
        return StreamingResponse(self._stream(answer, tag), headers=headers, media_type=media_type)

    async def _stream(self, answer: Answer, tag: str) -> AsyncIterator[bytes]:
        rest = answer.rest or iter(())
        try:
            yield answer.head
            while piece := await self._in_thread(next, rest, b""):
                yield piece
        except Refused as refused:
            yield _late_exception(refused, tag)
        finally:
            close = getattr(rest, "close", None)
            if close:
                await asyncio.shield(self._in_thread(close))
            self._leave()

    def _exception(self, refused: Refused, query_id: str) -> Response:
        headers = self._headers(query_id) | {"X-ClickHouse-Exception-Code": str(refused.code)}
        return PlainTextResponse(f"{refused.text}\n", refused.status, headers)

    def _headers(self, query_id: str) -> dict[str, str]:
        return {
            "X-ClickHouse-Query-Id": query_id,
            "X-ClickHouse-Timezone": self._engine.timezone,
            "X-ClickHouse-Server-Display-Name": "trawl",
        }

    async def _in_thread(self, function: Callable[[Unpack[Arguments]], T], *arguments: *Arguments) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    async def _enter(self) -> None:
        self._present += 1
        try:
            await self._running.acquire()
        except BaseException:
            self._present -= 1
            raise

    def _leave(self) -> None:
        self._present -= 1
        self._running.release()


async def _ping(_: Request) -> Response:
    return PlainTextResponse("Ok.\n")


async def _read(request: Request) -> tuple[Query, BoundedReader]:
    items = list(request.query_params.multi_items())
    encoding = request.headers.get("content-encoding", "").lower()
    body: io.RawIOBase | io.BytesIO
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        form = await request.form(max_files=0, max_part_size=16 * 1024 * 1024)
        items += [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        body, encoding = io.BytesIO(), ""
    else:
        body = await body_of(request.stream())
    query = parse_query(items, request.headers, read_only=request.method == "GET")
    return query, decoded(body, encoding)


def _credentials(headers: Mapping[str, str]) -> tuple[bytes, bytes]:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, password = b64decode(value, validate=True).partition(b":")
        except binascii.Error:
            return b"", b""
        return name, password
    return headers.get("x-clickhouse-user", "").encode(), headers.get("x-clickhouse-key", "").encode()


def _late_exception(refused: Refused, tag: str) -> bytes:
    """An exception after the answer has begun, as ClickHouse 25.11 and later write it."""
    text = refused.text.encode()
    return b"__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n" % (tag.encode(), text, len(text), tag.encode())
