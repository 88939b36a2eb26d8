"""The fetcher's exchange through a browser: so many pages at once, in a browser that is renewed before it grows old.

Each visit has a context and a passage of its own. The browser starts with the first visit, ends when nobody has
needed it for a while, and is replaced after some pages, when it holds too much memory, and when it has crashed; one
that does not let go of a page is killed.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self

import structlog

from infra.browser.engine import END_S, Engine
from infra.browser.errors import BrowserError, NoBrowser
from infra.browser.ports import Keep, P, WayOut
from infra.browser.visit import Visit
from schemas.exchange import ExchangeFailure, ExchangeRequest, ExchangeResult

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext

log = structlog.get_logger()

PAGE_BYTES = 64_000_000
"""What a page may load besides its document, in bytes."""


@dataclass(frozen=True, slots=True)
class BrowserSettings:
    """Pages at once; after how many pages, or above how many bytes of memory, the browser is renewed; above how many
    it is killed at once; seconds after which an idle one ends. `program` is the browser's path, if it is to be a
    certain one; `flags` are added to ours."""

    user_agent: str = "TrawlBot/0.1"
    at_once: int = 2
    pages: int = 100
    renew_bytes: int = 1_500_000_000
    kill_bytes: int = 3_000_000_000
    idle_s: float = 60.0
    program: str | None = None
    flags: Sequence[str] = ()


class BrowserPool(Generic[P]):
    """Fetches what `request.render` describes; many calls may run at once, `at_once` of them in the browser.

    `way_out` is entered at the first visit. `keep` takes screenshots; without it there are none. `engine` is the
    browser for the next page, the latest of all that were `started`.
    """

    def __init__(
        self,
        way_out: AbstractAsyncContextManager[WayOut[P]],
        settings: BrowserSettings | None = None,
        keep: Keep | None = None,
    ) -> None:
        self._unopened = way_out
        self._settings = settings or BrowserSettings()
        self._keep = keep
        self._places = asyncio.Semaphore(self._settings.at_once)
        self._changing = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._way_out: WayOut[P] | None = None
        self.engine: Engine | None = None
        self.started = 0
        self._retired: set[Engine] = set()
        self._work: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        engines = [*self._retired, *([self.engine] if self.engine else [])]
        self.engine = None
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await asyncio.gather(*(engine.close() for engine in engines))
        await self._stack.aclose()

    async def fetch(self, request: ExchangeRequest) -> ExchangeResult:
        """One page, rendered. Never raises for what the page, the network or the browser does."""
        if request.proxy:
            reason = "A page is rendered without the job's proxy only: leave out `proxy` or `render`."
            return ExchangeFailure(request.url, "render_failed", reason, 0.0, final=True)
        async with self._places:
            try:
                way_out, engine = await self._ready()
            except BrowserError as problem:
                final = isinstance(problem, NoBrowser)
                return ExchangeFailure(request.url, "render_failed", str(problem), 0.0, final=final)
            try:
                return await self._visit(way_out, engine, request)
            except BrowserError as problem:
                return ExchangeFailure(request.url, "render_failed", str(problem), 0.0)
            finally:
                self._leave(engine)

    async def _visit(self, way_out: WayOut[P], engine: Engine, request: ExchangeRequest) -> ExchangeResult:
        passage = way_out.admit(PAGE_BYTES + request.max_body)
        named = next((value for name, value in request.headers if name.lower() == "user-agent"), "")
        agent = named or self._settings.user_agent
        try:
            context = await engine.context(agent, way_out.address, passage.user, passage.secret)
            try:
                return await Visit(context, request, agent, passage, self._keep).result()
            finally:
                # First nothing goes out any more; then the page is put away.
                way_out.dismiss(passage)
                await _put_away(engine, context)
        finally:
            way_out.dismiss(passage)

    async def _ready(self) -> tuple[WayOut[P], Engine]:
        """A browser with room for one page more."""
        async with self._changing:
            if self._way_out is None:
                self._way_out = await self._stack.enter_async_context(self._unopened)
            engine, settings = self.engine, self._settings
            if engine is not None and (
                engine.gone.is_set() or engine.served >= settings.pages or engine.memory() > settings.renew_bytes
            ):
                self._retire(engine)
                engine = None
            if engine is None:
                engine = self.engine = await Engine.start(self._way_out.address, settings.program, settings.flags)
                self.started += 1
                self._begin(self._watch(engine))
            engine.served += 1
            engine.active += 1
            return self._way_out, engine

    def _leave(self, engine: Engine) -> None:
        engine.active -= 1
        if engine in self._retired and not engine.active:
            self._begin(self._end(engine))

    def _retire(self, engine: Engine) -> None:
        """No further page; the last one turns off the light."""
        self.engine = None
        self._retired.add(engine)
        if not engine.active:
            self._begin(self._end(engine))

    async def _end(self, engine: Engine) -> None:
        try:
            await engine.close()
        finally:
            self._retired.discard(engine)

    async def _watch(self, engine: Engine) -> None:
        """Once a second: too much memory ends it now, too long without work ends it politely."""
        idle, served = 0.0, 0
        while not engine.gone.is_set():
            await asyncio.sleep(1.0)
            if engine.memory() > self._settings.kill_bytes:
                engine.kill("It held too much memory.")
            idle = idle + 1.0 if not engine.active and served == engine.served else 0.0
            served = engine.served
            if idle >= self._settings.idle_s and engine is self.engine and not self._changing.locked():
                self._retire(engine)
                return

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)


async def _put_away(engine: Engine, context: "BrowserContext") -> None:
    try:
        async with asyncio.timeout(END_S):
            await context.close()
    except Exception:
        engine.kill("It did not let go of a page.")
