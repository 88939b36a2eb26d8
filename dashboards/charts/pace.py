"""A run's pages or records a second, over its whole life."""

from collections.abc import Callable
from typing import Literal

from bokeh.models import DataRange1d, HoverTool

from dashboards.charts.delta import push, source_of
from dashboards.feed.pace import Pace
from dashboards.look.figures import time_plot


def life_span() -> DataRange1d:
    """The stretch of time from a run's first page to its last, for plots to share."""
    return DataRange1d(range_padding=0.0, default_span=60_000)


class PaceChart:
    """One of a pace's two columns."""

    def __init__(self, name: str, pace: Callable[[float], Pace], column: Literal["pages", "records"], *, colour: str,
                 span: DataRange1d) -> None:  # fmt: skip
        self._pace = pace
        self._column = column
        self.source = source_of(column)
        self.root = time_plot(name, x_range=span)
        self.root.varea("at", 0, column, source=self.source, fill_color=colour, fill_alpha=0.18)
        line = self.root.line("at", column, source=self.source, line_color=colour, line_width=1.8)
        self.root.add_tools(
            HoverTool(
                renderers=[line],
                tooltips=f"<b>@{column}{{0,0.[0]}}</b> {column}/s<br>@at{{%H:%M:%S}} UTC",
                formatters={"@at": "datetime"},
                mode="vline",
            )
        )

    def update(self, now: float) -> None:
        """Takes in the buckets that are full."""
        at, pages, records = self._pace(now).arrays(now)
        push(self.source, {"at": at * 1000.0, self._column: pages if self._column == "pages" else records})
