"""What every document is given."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from bokeh.document import Document
from jinja2 import Environment

from dashboards.feed.feed import Feed
from dashboards.ports import ChartHistory, RunHistory
from dashboards.web.visit import Visit

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The feed that all documents share, the stores they may ask, and the clock."""

    feed: Feed
    runs: RunHistory
    charts: ChartHistory
    templates: Environment
    clock: Callable[[], float] = time.time
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def in_background(self, work: Awaitable[None], what: str) -> Callable[[], None]:
        """Does the work beside the document; a failure is logged and shows as what the page already says. What is
        returned ends the work."""
        task = asyncio.ensure_future(self._quietly(work, what))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

        def end() -> None:
            task.cancel()

        return end

    @staticmethod
    async def _quietly(work: Awaitable[None], what: str) -> None:
        try:
            await work
        except Exception as problem:
            log.warning("page_incomplete", what=what, reason=str(problem))


def argument(doc: Document, name: str) -> str:
    """An argument of the page's URL, empty when it was not given; never longer than a key may be."""
    values = getattr(_request(doc), "arguments", {}).get(name, [])
    return values[0].decode("utf-8", "replace")[:500] if values else ""


def visit_of(doc: Document) -> Visit:
    """Who looks, until when; as the gate wrote it down."""
    visit = getattr(_request(doc), "visit", None)
    return visit if isinstance(visit, Visit) else Visit()


def _request(doc: Document) -> Any:
    """The request for which the document was made; Bokeh declares it on the server's kind of context alone."""
    return getattr(doc.session_context, "request", None)
