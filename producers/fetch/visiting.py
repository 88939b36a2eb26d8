"""One visit: what the run knows of the site goes with it, and what it brought back is made ready to travel."""

import asyncio
import time

import structlog

from producers.fetch.answers import MAX_COMPRESSED, answer_of, packed, request_of
from producers.fetch.credentials import Credentials
from producers.fetch.exchange import Exchange
from producers.fetch.jars import Jars
from producers.fetch.ports import BodyStore
from schemas.events import FetchResult, FetchTask
from schemas.exchange import ExchangeResponse

log = structlog.get_logger()

LARGE = 1_000_000
"""Bytes of a body above which it is packed in a thread: other visits go on meanwhile."""

AGAIN_S = 1.0


class Visiting:
    """The fetcher's `Visitor`: cookies and credentials out, cookies and the body in."""

    def __init__(self, exchange: Exchange, jars: Jars, credentials: Credentials, bodies: BodyStore) -> None:
        self._exchange = exchange
        self._jars = jars
        self._credentials = credentials
        self._bodies = bodies

    async def visit(self, task: FetchTask, fetched_at: str) -> FetchResult:
        """As the port promises."""
        cookie = await self._jars.header(task)
        credentials = await self._credentials.header(task) if task.visit.credentials else None
        result = await self._exchange.fetch(request_of(task, cookie, credentials))
        if not isinstance(result, ExchangeResponse):
            return answer_of(task, result, fetched_at, time.time())
        self._jars.receive(task, result.headers)
        large = len(result.body) > LARGE
        body = await asyncio.to_thread(packed, result.body) if large else packed(result.body)
        ref = await self._kept(body.data, task.url) if len(body.data) > MAX_COMPRESSED else ""
        return answer_of(task, result, fetched_at, time.time(), body, ref)

    async def _kept(self, data: bytes, url: str) -> str:
        """Said until the store has it: the visit, and with it the wait, ends with the host's lease at the latest."""
        while True:
            try:
                return await self._bodies.put("pages", data)
            except Exception as problem:
                log.warning("body_not_kept", url=url, size=len(data), error=str(problem))
                await asyncio.sleep(AGAIN_S)
