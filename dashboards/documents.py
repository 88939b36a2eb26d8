"""The table path → document."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.document import Document

from dashboards.pages.overview import overview
from dashboards.pages.requests import requests
from dashboards.pages.run import run
from dashboards.pages.trends import trends
from dashboards.surroundings import Surroundings

Fill = Callable[[Document, Surroundings], None]

DOCUMENTS: Mapping[str, Fill] = MappingProxyType(
    {
        "/overview": overview,
        "/run": run,
        "/trends": trends,
        "/requests": requests,
    }
)


def applications(surroundings: Surroundings) -> dict[str, Application]:
    """A Bokeh application for each path."""
    return {path: Application(FunctionHandler(_filled(document, surroundings))) for path, document in DOCUMENTS.items()}


def _filled(
    document: Callable[[Document, Surroundings], None], surroundings: Surroundings
) -> Callable[[Document], None]:
    # Bokeh looks at the parameters: it takes a function of the document alone.
    def fill(doc: Document) -> None:
        document(doc, surroundings)

    return fill
