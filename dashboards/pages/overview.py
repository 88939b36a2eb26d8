"""/overview: what the whole line does now."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from bokeh.document import Document

from dashboards.charts.rates import RateChart, Rings, Window
from dashboards.feed.counters import Unit
from dashboards.feed.feed import Feed
from dashboards.feed.rates import RateRing
from dashboards.fragments import Fragments, Panel
from dashboards.look.palette import SAND, STAGE_COLOURS, WATER
from dashboards.page import Component, Page
from dashboards.pages.pulse import pulse
from dashboards.pages.rows import run_row, trend_rows
from dashboards.surroundings import Surroundings, visit_of

RUNS_SHOWN = 5
TRENDS_SHOWN = 8
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Station:
    """A stage of the line as the overview shows it."""

    stage: str
    unit: Unit
    does: str


LINE = (
    Station("fetch", "pages", "visits hosts"),
    Station("extraction", "pages", "closes pages"),
    Station("cleaning", "records", "cleans records"),
    Station("trends", "records", "watches series"),
    Station("warehouse", "records", "stores rows"),
)


def overview(doc: Document, surroundings: Surroundings) -> None:
    """Fills the document."""
    feed, visit = surroundings.feed, visit_of(doc)
    page = Page(doc, feed, Fragments(), visit)
    window = Window()
    components: list[Component] = [window, pulse(surroundings, page.fragments)]
    components += _figures(surroundings, page.fragments, window)
    components += _stations(surroundings, page.fragments, window)
    for slot, facts in (
        ("others", lambda now: {"others": _others(feed)}),
        ("runs", lambda now: {"runs": [run_row(event) for event in feed.runs.recent(RUNS_SHOWN)]}),
        ("trends", lambda now: {"trends": trend_rows(feed.trends.newest(TRENDS_SHOWN))}),
    ):
        template = surroundings.templates.get_template(f"fragments/{slot}.html.jinja")
        components.append(Panel(slot, page.fragments, template, facts))
    doc.title = "Overview · Trawl"
    page.show(components, template="overview.html.jinja", templates=surroundings.templates, now=surroundings.clock(),
              visit=visit, page="overview", line=LINE)  # fmt: skip


def _figures(surroundings: Surroundings, fragments: Fragments, window: Window) -> list[Component]:
    feed = surroundings.feed
    figures = surroundings.templates.get_template("fragments/figures.html.jinja")
    return [
        RateChart("pages_chart", lambda: feed.pages, colour=SAND, window=window),
        RateChart("records_chart", lambda: feed.records, colour=WATER, window=window),
        Panel("pages-figure", fragments, figures, lambda now: {"value": feed.pages.rate(now), "unit": "pages/s"}),
        Panel("records-figure", fragments, figures, lambda now: {"value": feed.records.rate(now), "unit": "records/s"}),
        Panel("aside", fragments, surroundings.templates.get_template("fragments/aside.html.jinja"),
              lambda now: _aside(feed, now)),
    ]  # fmt: skip


def _aside(feed: Feed, now: float) -> dict[str, Any]:
    readings = tuple(float(total) for _, total in list(feed.stages.readings)[-60:])
    return {
        "waiting": feed.stages.total_waiting,
        "readings": readings if any(readings) else (),
        "under_way": feed.runs.under_way(),
        "trends": feed.trends.since(now - _DAY_S),
        "more_trends": len(feed.trends) == feed.trends.most,
    }


def _stations(surroundings: Surroundings, fragments: Fragments, window: Window) -> list[Component]:
    feed = surroundings.feed
    template = surroundings.templates.get_template("fragments/station.html.jinja")
    components: list[Component] = []
    for station in LINE:
        rings = _rings(feed, station)
        colour = STAGE_COLOURS[station.stage]
        components.append(RateChart(f"strip_{station.stage}", rings, colour=colour, window=window, strip=True))
        facts = partial(_station, feed, station, rings)
        components.append(Panel(f"station-{station.stage}", fragments, template, facts))
    return components


def _rings(feed: Feed, station: Station) -> Rings:
    """What is certain comes from the events themselves, the rest from what the stages tell of themselves; a stage that
    does not count records at least counts messages."""
    certain: dict[tuple[str, Unit], RateRing] = {
        ("fetch", "pages"): feed.visits,
        ("extraction", "pages"): feed.pages,
        ("cleaning", "records"): feed.records,
    }
    own = certain.get((station.stage, station.unit))
    stages, stage = feed.stages, station.stage
    return lambda: own or stages.known(stage, station.unit) or stages.known(stage, "messages")


def _station(feed: Feed, station: Station, rings: Rings, now: float) -> dict[str, Any]:
    ring = rings()
    waits = [entry for entry in feed.stages.waiting if _station_of(entry.stage) == station.stage]
    return {
        "station": station,
        "rate": ring.rate(now) if ring else None,
        "unit": "messages" if ring and ring is feed.stages.known(station.stage, "messages") else station.unit,
        "told": bool(waits),
        "waiting": sum(entry.messages for entry in waits),
        "topics": [(entry.topic, entry.messages) for entry in waits],
    }


def _others(feed: Feed) -> list[tuple[str, int]]:
    """Consumer groups that belong to no station of the line."""
    return [
        (stage, sum(entry.messages for entry in entries))
        for stage, entries in sorted(feed.stages.by_stage().items())
        if not _station_of(stage)
    ]


def _station_of(group: str) -> str:
    """The station that a consumer group works for; a stage may read its quieter topics in a second group."""
    return next((stop.stage for stop in LINE if group == stop.stage or group.startswith(f"{stop.stage}-")), "")
