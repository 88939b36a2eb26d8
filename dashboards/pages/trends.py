"""/trends: what was noticed, and the series in which it was."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from bokeh.document import Document
from bokeh.models import ColumnDataSource

from dashboards.charts.series import Plotted, SeriesChart
from dashboards.feed.series import SeriesName
from dashboards.fragments import Fragments, Panel
from dashboards.page import Component, Page
from dashboards.pages.pulse import pulse
from dashboards.pages.rows import trend_row, trend_rows
from dashboards.stubborn import until_done
from dashboards.surroundings import Surroundings, argument, visit_of
from schemas.events import Trend

_LISTED = 200
_VALUES = 400
_MARKS = 50


@dataclass(slots=True)
class SeriesStory:
    """One series for one page: the values and trends that the feed holds, after those that the store remembers."""

    surroundings: Surroundings
    name: SeriesName | None = None
    chosen: str = ""
    looked: bool = False
    _turned: asyncio.Event = field(default_factory=asyncio.Event)
    _values: list[tuple[float, float]] = field(default_factory=list)
    _trends: list[Trend] = field(default_factory=list)

    def choose(self, name: SeriesName, trend_id: str = "") -> None:
        """Turns to another series, or to another trend in it."""
        if name != self.name:
            self.name, self.looked, self._values, self._trends = name, False, [], []
            self._turned.set()
        self.chosen = trend_id

    async def follow(self) -> None:
        """Asks the store for each series that is turned to, until it answers."""
        while True:
            await self._turned.wait()
            self._turned.clear()
            await until_done(f"series {self.name}", self._look)

    async def _look(self) -> None:
        """An answer that comes after another choice was made is dropped."""
        name, charts = self.name, self.surroundings.charts
        if name is None:
            return
        values = await charts.series(*name, _VALUES)
        trends = await charts.series_trends(*name, _MARKS)
        if name == self.name:
            self._values, self._trends, self.looked = values, trends, True

    def plotted(self) -> Plotted:
        """The series as it is now; a value that both know is drawn once."""
        if self.name is None:
            return Plotted()
        feed = self.surroundings.feed
        values = sorted({*self._values, *feed.series.values(self.name)})[-_VALUES:]
        trends = {trend.id: trend for trend in (*self._trends, *feed.trends.of(self.name))}
        chosen = self.chosen or next(reversed(trends), "")
        return Plotted(tuple(values), tuple(trends.values()), chosen)


def trends(doc: Document, surroundings: Surroundings) -> None:
    """Fills the document."""
    visit = visit_of(doc)
    page = Page(doc, surroundings.feed, Fragments(), visit)
    story = SeriesStory(surroundings)
    chart = SeriesChart("series_chart")
    choice = ColumnDataSource(name="choice", data={"trend": [""]})
    _begin(doc, story)

    def gather(now: float) -> dict[str, Any]:
        if story.name is None and (newest := surroundings.feed.trends.newest(1)):
            turn(newest[0].id)
        chart.wanted = story.plotted()
        return _series_facts(story, chart.wanted)

    def turn(trend_id: str) -> None:
        trend = surroundings.feed.trends.get(trend_id)
        if trend is not None:
            story.choose(SeriesName.of(trend), trend.id)

    choice.on_change("data", lambda attr, old, new: turn(str(next(iter(new.get("trend", [])), ""))))
    templates, feed = surroundings.templates, surroundings.feed
    components: list[Component] = [
        pulse(surroundings, page.fragments),
        Panel("series", page.fragments, templates.get_template("fragments/series.html.jinja"), gather),
        chart,
        Panel("trend-list", page.fragments, templates.get_template("fragments/trend-list.html.jinja"),
              lambda now: {"trends": trend_rows(feed.trends.newest(_LISTED)), "chosen": chart.wanted.chosen}),
    ]  # fmt: skip
    doc.add_root(choice)
    doc.title = "Trends · Trawl"
    page.show(components, template="trends.html.jinja", templates=templates, now=surroundings.clock(), visit=visit,
              page="trends")  # fmt: skip
    end = surroundings.in_background(story.follow(), "series")
    doc.on_session_destroyed(lambda context: end())


def _begin(doc: Document, story: SeriesStory) -> None:
    """What the address asks for: a trend, or a series by its parts."""
    trend = story.surroundings.feed.trends.get(argument(doc, "trend"))
    parts = SeriesName(argument(doc, "dataset"), argument(doc, "key"), argument(doc, "field"))
    if trend is not None:
        story.choose(SeriesName.of(trend), trend.id)
    elif all(parts):
        story.choose(parts)


def _series_facts(story: SeriesStory, plotted: Plotted) -> dict[str, Any]:
    chosen = next((trend for trend in plotted.trends if trend.id == plotted.chosen), None)
    return {
        "name": story.name,
        "looked": story.looked,
        "trend": trend_row(chosen, over=any(trend.closes == chosen.id for trend in plotted.trends)) if chosen else None,
        "score": chosen.score if chosen else 0.0,
        "confidence": chosen.confidence if chosen else 0.0,
        "url": chosen.url if chosen else "",
        "values": len(plotted.values),
        "points": len(plotted.trends),
        "last": plotted.values[-1][1] if plotted.values else None,
    }
