"""A run's pages and records a second, over its whole life."""

from collections.abc import Callable

from bokeh.models import DataRange1d, HoverTool

from dashboards.charts.delta import push, source_of
from dashboards.feed.pace import Pace
from dashboards.look.figures import time_plot
from dashboards.look.palette import SAND, WATER


class PaceChart:
    """Pages in sand over records in water."""

    def __init__(self, name: str, pace: Callable[[], Pace], *, height: int = 210) -> None:
        self._pace = pace
        self.source = source_of("pages", "records")
        self.root = time_plot(name, height=height, x_range=DataRange1d(range_padding=0.0, default_span=60_000))
        self.root.varea("at", 0, "records", source=self.source, fill_color=WATER, fill_alpha=0.18)
        records = self.root.line("at", "records", source=self.source, line_color=WATER, line_width=1.8)
        self.root.line("at", "pages", source=self.source, line_color=SAND, line_width=1.8)
        self.root.add_tools(
            HoverTool(
                renderers=[records],
                tooltips=[("UTC", "@at{%H:%M:%S}"), ("pages/s", "@pages{0.[0]}"), ("records/s", "@records{0.[0]}")],
                formatters={"@at": "datetime"},
                mode="vline",
            )
        )

    def update(self, now: float) -> None:
        """Takes in the buckets that are full."""
        at, pages, records = self._pace().arrays(now)
        push(self.source, {"at": at * 1000.0, "pages": pages, "records": records})
