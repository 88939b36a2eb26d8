"""A series with what was noticed in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from bokeh.core.properties import value
from bokeh.models import ColumnDataSource, DataRange1d, HoverTool
from bokeh.models.annotations import LabelSet

from dashboards.charts.delta import push, source_of
from dashboards.look.figures import time_plot
from dashboards.look.palette import CARD, DEEP, INK, MARK, SANS, WATER
from schemas.events import Trend
from schemas.moments import epoch


@dataclass(frozen=True, slots=True)
class Plotted:
    """A series as it is to be drawn: (epoch seconds, value) in order, its trends, and the one that was chosen."""

    values: tuple[tuple[float, float], ...] = ()
    trends: tuple[Trend, ...] = ()
    chosen: str = ""


class SeriesChart:
    """Values as a line with dots, detected points in magenta, the level before and after the chosen one."""

    def __init__(self, name: str) -> None:
        self._shown: Plotted | None = None
        self.wanted = Plotted()
        self.source = source_of("value")
        self.points = ColumnDataSource(data={"at": [], "value": [], "size": [], "text": []})
        self.levels = ColumnDataSource(data={"start": [], "end": [], "level": [], "text": [], "label_at": []})
        span = DataRange1d(range_padding=0.04, default_span=60_000)
        self.root = time_plot(name, x_range=span, from_zero=False)
        self._draw()

    def _draw(self) -> None:
        line = self.root.line("at", "value", source=self.source, line_color=WATER, line_width=1.6)
        dots = self.root.scatter("at", "value", source=self.source, size=4, fill_color=DEEP, line_color=None)
        levels = self.root.segment("start", "level", "end", "level", source=self.levels, line_color=INK,
                                   line_width=1.4, line_dash=[6, 4])  # fmt: skip
        marks = self.root.scatter("at", "value", source=self.points, size="size", fill_color=MARK, fill_alpha=0.18,
                                  line_color=MARK, line_width=2)  # fmt: skip
        # Marks are context: the window is the values' and the levels'.
        for axis_range in (self.root.x_range, self.root.y_range):
            axis_range.renderers = [line, levels] if axis_range is self.root.y_range else [line]
        self.root.add_layout(
            LabelSet(x="label_at", y="level", text="text", source=self.levels, text_font=value(SANS),
                     text_color=INK, text_font_size="12px", text_align="center", y_offset=9,
                     background_fill_color=CARD, background_fill_alpha=0.85)
        )  # fmt: skip
        when: Any = {"@at": "datetime"}
        self.root.add_tools(
            HoverTool(renderers=[dots], tooltips="<b>@value{0,0.[00]}</b><br>@at{%d %b %H:%M:%S} UTC", formatters=when),
            HoverTool(renderers=[marks], tooltips="@text", formatters=when),
        )

    def update(self, now: float) -> None:
        """Draws what is wanted, if it is not drawn yet."""
        wanted = self.wanted
        if wanted == self._shown:
            return
        series = np.array(wanted.values, dtype=float).reshape(-1, 2)
        push(self.source, {"at": series[:, 0] * 1000.0, "value": series[:, 1]})
        if not self._shown or (wanted.trends, wanted.chosen) != (self._shown.trends, self._shown.chosen):
            self.points.data = _points(wanted)
        levels = _levels(wanted)
        if levels != dict(self.levels.data):
            self.levels.data = levels
        self._shown = wanted


def _points(plotted: Plotted) -> dict[str, Sequence[float | str]]:
    found = [(epoch(trend.at), trend) for trend in plotted.trends]
    marked = [(at, trend) for at, trend in found if at is not None]
    return {
        "at": [at * 1000.0 for at, _ in marked],
        "value": [trend.values[-1] if trend.values else trend.after for _, trend in marked],
        "size": [20 if trend.id == plotted.chosen else 12 for _, trend in marked],
        "text": [trend.sentence or trend.kind for _, trend in marked],
    }


def _levels(plotted: Plotted) -> dict[str, Sequence[float | str]]:
    """The level before the chosen trend, drawn up to it, and the one after, drawn from it on."""
    chosen = next((trend for trend in plotted.trends if trend.id == plotted.chosen), None)
    at = epoch(chosen.at) if chosen else None
    if chosen is None or at is None or not plotted.values:
        return {"start": [], "end": [], "level": [], "text": [], "label_at": []}
    first = min(plotted.values[0][0], at) * 1000.0
    last = max(plotted.values[-1][0], at) * 1000.0
    here = at * 1000.0
    return {
        "start": [first, here],
        "end": [here, last],
        "level": [chosen.before, chosen.after],
        "text": [f"before {chosen.before:,.2f}", f"after {chosen.after:,.2f}"],
        "label_at": [(first + here) / 2, (here + last) / 2],
    }
