"""What the gateways answered, by time: how many, and how long they took."""

from collections.abc import Sequence

import numpy as np
from bokeh.models import DataRange1d, HoverTool

from dashboards.charts.delta import push, source_of
from dashboards.look.figures import time_plot
from dashboards.look.palette import ALARM, DEEP, SAND, WATER
from schemas.observed import RequestPace

_COLUMNS = ("requests", "refused", "failed", "p50_ms", "p95_ms")


class RequestChart:
    """Two plots over one stretch of time: requests with those of them that were refused or failed, and the median and
    the 95th percentile of their milliseconds."""

    root = None

    def __init__(self) -> None:
        self.pace: Sequence[RequestPace] = ()
        self.source = source_of(*_COLUMNS)
        span = DataRange1d(range_padding=0.0, default_span=60_000)
        self.amounts = time_plot("request_amounts", x_range=span)
        self.times = time_plot("request_times", x_range=span)
        self.amounts.varea("at", 0, "requests", source=self.source, fill_color=WATER, fill_alpha=0.18)
        self._line(self.amounts, "requests", WATER)
        self._line(self.amounts, "refused", SAND)
        self._line(self.amounts, "failed", ALARM)
        self._line(self.times, "p95_ms", SAND)
        self._line(self.times, "p50_ms", DEEP)

    def _line(self, plot: object, column: str, colour: str) -> None:
        drawn = plot.line("at", column, source=self.source, line_color=colour, line_width=1.8)  # type: ignore[attr-defined]
        told = f"<b>@{column}{{0,0.[0]}}</b> {column.removesuffix('_ms')}<br>@at{{%d %b %H:%M:%S}} UTC"
        plot.add_tools(HoverTool(renderers=[drawn], tooltips=told, formatters={"@at": "datetime"}, mode="vline"))  # type: ignore[attr-defined]

    def update(self, now: float) -> None:
        """Draws the pace that was given last."""
        columns = {name: np.array([getattr(one, name) for one in self.pace], dtype=float) for name in _COLUMNS}
        push(self.source, {"at": np.array([one.second * 1000.0 for one in self.pace]), **columns})
