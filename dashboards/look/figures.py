"""The one way in which a plot is made here: quiet axes, no toolbar, as large as the style sheet makes its place."""

from typing import Any

from bokeh.models import DataRange1d, DatetimeTickFormatter, NumeralTickFormatter, Range1d
from bokeh.plotting import figure

from dashboards.look.palette import CARD, HAIRLINE, MUTED, SANS

_CLOCK: dict[str, Any] = {
    **dict.fromkeys(("microseconds", "milliseconds", "seconds", "minsec"), "%H:%M:%S"),
    **dict.fromkeys(("minutes", "hourmin", "hours"), "%H:%M"),
    "days": "%d %b",
    "months": "%b %Y",
    "years": "%Y",
}


def time_plot(name: str, *, x_range: Range1d | DataRange1d, from_zero: bool = True) -> Any:
    """An empty plot over time (UTC). With `from_zero` its values begin at 0, else wherever they are."""
    plot: Any = figure(
        name=name,
        sizing_mode="stretch_both",
        min_height=20,
        x_axis_type="datetime",
        x_range=x_range,
        y_range=DataRange1d(start=0, default_span=2.0) if from_zero else DataRange1d(range_padding=0.15),
        toolbar_location=None,
        tools="",
        background_fill_color=CARD,
        border_fill_color=CARD,
        outline_line_color=None,
        min_border_left=44,
        min_border_right=12,
        min_border_top=6,
    )
    for axis in (*plot.xaxis, *plot.yaxis):
        axis.axis_line_color = HAIRLINE
        axis.major_tick_line_color = None
        axis.minor_tick_line_color = None
        axis.major_label_text_color = MUTED
        axis.major_label_text_font = SANS
        axis.major_label_text_font_size = "11px"
    plot.xaxis.formatter = DatetimeTickFormatter(**_CLOCK)
    plot.xaxis.ticker.desired_num_ticks = 4
    plot.yaxis.formatter = NumeralTickFormatter(format="0,0.[00]")
    plot.yaxis.axis_line_color = None
    plot.yaxis.ticker.desired_num_ticks = 4
    plot.xgrid.grid_line_color = None
    plot.ygrid.grid_line_color = HAIRLINE
    plot.ygrid.grid_line_dash = [2, 4]
    return plot
