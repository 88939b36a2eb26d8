"""/requests: what the gateways answered, how fast, and whom a limit turned away, from the stored request log."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from bokeh.document import Document
from bokeh.models import Model

from dashboards.charts.requests import RequestChart
from dashboards.fragments import Fragments, Panel
from dashboards.page import Component, Page
from dashboards.pages.pulse import pulse
from dashboards.stubborn import until_done
from dashboards.surroundings import Surroundings, argument, visit_of
from schemas.observed import RequestFigures, RequestPace

SPANS = {"15m": (900, 15, "15 minutes"), "1h": (3600, 60, "hour"), "24h": (86_400, 1440, "24 hours")}
"""(seconds that are looked back on, seconds of one point of the plots, name)."""

_AGAIN_S = 5.0
_ROWS = 12


@dataclass(slots=True)
class RequestStory:
    """The figures of one span for one page, asked for again and again; `looked` once they have come."""

    surroundings: Surroundings
    span: str
    figures: RequestFigures = field(default_factory=RequestFigures)
    looked: bool = False

    async def follow(self) -> None:
        """Asks until the page is closed."""
        while True:
            await until_done("requests", self._look)
            await asyncio.sleep(_AGAIN_S)

    async def _look(self) -> None:
        back, width, _ = SPANS[self.span]
        since = (self.surroundings.clock() - back) // width * width
        self.figures, self.looked = await self.surroundings.charts.requests(since, width, _ROWS), True


@dataclass(slots=True)
class _Plot:
    root: Model

    def update(self, now: float) -> None:
        """The chart brings on the source of both."""


def requests(doc: Document, surroundings: Surroundings) -> None:
    """Fills the document."""
    visit, templates = visit_of(doc), surroundings.templates
    page = Page(doc, surroundings.feed, Fragments(), visit)
    wished = argument(doc, "span")
    story, chart = RequestStory(surroundings, wished if wished in SPANS else "1h"), RequestChart()

    def head(now: float) -> dict[str, Any]:
        chart.pace = filled(story.figures.pace, SPANS[story.span][1])
        return {"span": story.span, "spans": SPANS, "looked": story.looked, **totals(story.figures)}

    def facts(now: float) -> dict[str, Any]:
        return {"figures": story.figures, "looked": story.looked, **shares(story.figures)}

    def rows(name: str) -> Panel:
        return Panel(name, page.fragments, templates.get_template(f"fragments/{name}.html.jinja"), facts)

    components: list[Component] = [
        pulse(surroundings, page.fragments),
        Panel("request-head", page.fragments, templates.get_template("fragments/request-head.html.jinja"), head),
        chart,
        _Plot(chart.amounts),
        _Plot(chart.times),
        *map(rows, ("request-routes", "request-statuses", "request-slowest", "request-refused")),
    ]
    doc.title = "Requests · Trawl"
    page.show(components, template="requests.html.jinja", templates=templates, now=surroundings.clock(), visit=visit,
              page="requests")  # fmt: skip
    end = surroundings.in_background(story.follow(), "requests")
    doc.on_session_destroyed(lambda context: end())


def filled(pace: tuple[RequestPace, ...], width: int) -> list[RequestPace]:
    """The pace with the stretches in which nobody asked anything, so that a line falls to 0 there."""
    known = {one.second: one for one in pace}
    if not known:
        return []
    nothing = {"requests": 0, "refused": 0, "failed": 0, "p50_ms": 0.0, "p95_ms": 0.0}
    seconds = range(min(known), max(known) + 1, width)
    return [known.get(second) or RequestPace(second=second, **nothing) for second in seconds]  # type: ignore[arg-type]


def totals(figures: RequestFigures) -> dict[str, Any]:
    """What is said first: how many, how many of them failed, and how many a limit turned away."""
    by_status = dict(figures.statuses)
    return {
        "requests": sum(by_status.values()),
        "failed": sum(amount for status, amount in by_status.items() if status >= 500),
        "turned_away": by_status.get(429, 0),
        "p95": max((one.p95_ms for one in figures.pace), default=0.0),
    }


def shares(figures: RequestFigures) -> dict[str, Any]:
    """Percent of the longest bar, for operations by their 95th percentile and for statuses by their number."""
    slowest = max((route.p95_ms for route in figures.routes), default=0.0) or 1.0
    most = max((amount for _, amount in figures.statuses), default=0) or 1
    return {
        "route_shares": [round(100 * route.p95_ms / slowest, 1) for route in figures.routes],
        "status_shares": [round(100 * amount / most, 1) for _, amount in figures.statuses],
    }
