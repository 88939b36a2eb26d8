"""How things are written for people: the templates, and the filters that they use."""

import hashlib
from importlib.resources import files

from bokeh.resources import Resources
from bokeh.server.views.static_handler import StaticHandler
from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from dashboards.look.palette import PAPER, as_css

_THOUSAND = 1000.0


def count(value: float) -> str:
    """12,345"""
    return f"{round(value):,}"


def rate(value: float | None) -> str:
    """Three figures that matter: 0.42, 7.3, 182, 12,345; a dash for what is not known."""
    if value is None:
        return "–"
    if value >= 100:
        return f"{round(value):,}"
    if value >= 10:
        return f"{value:.0f}"
    if value == 0:
        return "0"
    return f"{value:.1f}" if value >= 0.05 else f"{value:.2f}"


def milliseconds(value: float) -> str:
    """87 ms, 1.4 s"""
    return f"{value:.0f} ms" if value < _THOUSAND else f"{value / _THOUSAND:.1f} s"


def amount(value: object) -> str:
    """A value of a record: numbers with thousands, lists joined, anything else as it is, never too long for a cell."""
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value)
    if isinstance(value, int | float):
        return f"{value:,.2f}".removesuffix(".00")
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 80 else text[:79] + "…"


def percent(value: float) -> str:
    """A fraction as a signed percentage: +12 %, −3.4 %"""
    digits = 0 if abs(value) >= 0.1 else 1
    return f"{value * 100:+.{digits}f} %".replace("-", "\N{MINUS SIGN}")


def duration(seconds: float) -> str:
    """8 s, 2 min 05 s, 3 h 12 min"""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def spark(values: tuple[float, ...], width: int = 120, height: int = 28) -> str:
    """The points of a small line, for an SVG polyline; a flat line lies on the ground."""
    most = max(values, default=0.0) or 1.0
    step = width / max(1, len(values) - 1)
    return " ".join(
        f"{index * step:.1f},{height - 1 - value / most * (height - 2):.1f}" for index, value in enumerate(values)
    )


def web_link(url: str) -> str:
    """The address if it is one that a browser may follow from here, else the page itself."""
    return url if url.startswith(("https://", "http://")) else "#"


def with_nonce(scripts: str, nonce: str) -> Markup:
    """Bokeh's own script elements, allowed to run: the page's policy asks for the nonce."""
    return Markup(scripts.replace("<script", f'<script nonce="{escape(nonce)}"'))


def look(name: str) -> str:
    """The address of a file of `look/static`; it changes with the file, so that browsers may keep it."""
    content = files("dashboards").joinpath("look", "static", name).read_bytes()
    return f"/look/{name}?v={hashlib.sha256(content).hexdigest()[:16]}"


def bokeh_url() -> str:
    """BokehJS as this server serves it; plots need the core alone."""
    resources = Resources(
        mode="server", root_url="/", components=["bokeh"], path_versioner=StaticHandler.append_version
    )
    return str(resources.js_files[0])


def templates() -> Environment:
    """The package's templates. Everything that is put into one is escaped."""
    environment = Environment(loader=PackageLoader("dashboards", "templates"), autoescape=True, trim_blocks=True,
                              lstrip_blocks=True)  # fmt: skip
    filters = (count, rate, milliseconds, amount, percent, duration, spark, web_link, with_nonce)
    environment.filters.update({written.__name__: written for written in filters})
    static = {name: look(name) for name in ("mark.svg", "page.css", "page.js")}
    environment.globals.update(look=static.__getitem__, palette=Markup(as_css()), paper=PAPER, bokeh_url=bokeh_url())
    return environment
