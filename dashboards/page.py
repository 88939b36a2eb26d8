"""A document: components that follow the feed for as long as somebody may look."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from bokeh.document import Document
from bokeh.models import Model
from jinja2 import Environment

from dashboards.feed.feed import Feed
from dashboards.fragments import Fragments
from dashboards.web.visit import Visit


class Component(Protocol):
    """A part of a page. It reads its source in `update` and shows it in its root, which slots of text do without."""

    @property
    def root(self) -> Model | None: ...

    def update(self, now: float) -> None: ...


class Page:
    """Binds components to a document and keeps them current, until the session ends or the visit does."""

    def __init__(self, doc: Document, feed: Feed, fragments: Fragments, visit: Visit) -> None:
        self._doc = doc
        self._feed = feed
        self._visit = visit
        self._waiting = False
        self._components: list[Component] = []
        self._unsubscribe: Callable[[], None] = lambda: None
        self.fragments = fragments

    def show(self, components: Sequence[Component], *, template: str, templates: Environment, now: float,
             **variables: Any) -> None:  # fmt: skip
        """Fills the document as of `now` and follows the feed from then on."""
        self._components = list(components)
        for component in self._components:
            component.update(now)
        self.fragments.send()
        for root in (self.fragments.root, *(component.root for component in self._components)):
            if root is not None:
                self._doc.add_root(root)
        self._doc.template = templates.get_template(template)
        self._doc.template_variables.update(slots=self.fragments.slots(), **variables)
        # A page that lost its server finds back by itself (page.js); Bokeh would take up a session that is gone.
        self._doc.config.update(reconnect_session=False, notify_connection_status=False)
        self._unsubscribe = self._feed.subscribe(self._ticked)
        self._doc.on_session_destroyed(self._leave)

    def soon(self, change: Callable[[], None]) -> None:
        """Makes a change under the document's lock; for work that was done outside of it."""
        if self._doc.session_context:
            self._doc.add_next_tick_callback(change)

    def _ticked(self, now: float) -> None:
        # A browser that reads slowly holds the lock while its last update is on its way: nothing piles up behind it.
        if not self._waiting and self._doc.session_context:
            self._waiting = True
            self._doc.add_next_tick_callback(lambda: self._update(now))

    def _update(self, now: float) -> None:
        self._waiting = False
        if self._visit.over(now):
            self.fragments.set("pulse", '<span class="pulse" data-over="1">Your visit has ended.</span>')
            self.fragments.send()
            self._unsubscribe()
            return
        self._doc.hold("combine")
        try:
            for component in self._components:
                component.update(now)
            self.fragments.send()
        finally:
            self._doc.unhold()

    def _leave(self, context: Any) -> None:
        self._unsubscribe()
