"""What happened in each of the last five minutes' seconds."""

from collections.abc import Callable
from typing import Any

import numpy as np
from bokeh.models import HoverTool, Range1d

from dashboards.charts.delta import push, source_of
from dashboards.feed.rates import WINDOW_S, RateRing
from dashboards.look.figures import time_plot

Rings = Callable[[], RateRing | None]


class Window:
    """The stretch of time that the plots of a page share; it moves on once a second."""

    def __init__(self) -> None:
        self.root = None
        self.range = Range1d(start=0, end=WINDOW_S * 1000)

    def update(self, now: float) -> None:
        """Ends at the last whole second."""
        end = (int(now) - 1) * 1000.0
        if self.range.end != end:
            self.range.update(start=end - (WINDOW_S - 1) * 1000.0, end=end)


class RateChart:
    """One rate over the window: a plot with axes, or a bare strip to stand beside a name."""

    def __init__(self, name: str, ring: Rings, *, colour: str, window: Window,
                 strip: bool = False) -> None:  # fmt: skip
        self._ring = ring
        self.source = source_of("amount")
        self.root = time_plot(name, x_range=window.range)
        self.root.varea("at", 0, "amount", source=self.source, fill_color=colour, fill_alpha=0.16)
        line = self.root.line("at", "amount", source=self.source, line_color=colour, line_width=1.6, line_join="round")
        self.root.add_tools(
            HoverTool(
                renderers=[line],
                tooltips="<b>@amount{0,0.[0]}</b> a second<br>@at{%H:%M:%S} UTC",
                formatters={"@at": "datetime"},
                mode="vline",
                line_policy="nearest",
            )
        )
        if strip:
            _bare(self.root)

    def update(self, now: float) -> None:
        """Takes in the last whole second, and whatever came late."""
        last = int(now) - 1
        ring = self._ring()
        amounts = ring.window(last) if ring else np.zeros(WINDOW_S)
        seconds = np.arange(last - WINDOW_S + 1, last + 1, dtype=np.float64)
        push(self.source, {"at": seconds * 1000.0, "amount": amounts})


def _bare(plot: Any) -> None:
    plot.xaxis.visible = False
    plot.yaxis.visible = False
    plot.ygrid.visible = False
    plot.update(min_border_left=0, min_border_right=0, min_border_top=0, min_border_bottom=0, min_border=0)
