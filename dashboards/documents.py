"""The table path → document."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.document import Document

from dashboards.pages.overview import overview
from dashboards.pages.run import run
from dashboards.pages.trends import trends
from dashboards.surroundings import Surroundings

DOCUMENTS: Mapping[str, Callable[[Document, Surroundings], None]] = MappingProxyType(
    {
        "/overview": overview,
        "/run": run,
        "/trends": trends,
    }
)


def applications(surroundings: Surroundings) -> dict[str, Application]:
    """A Bokeh application for each path."""
    return {
        path: Application(FunctionHandler(partial(document, surroundings=surroundings)))
        for path, document in DOCUMENTS.items()
    }
