"""Text that is pushed: pieces of HTML in named slots of a page.

They travel as cells of one ColumnDataSource, each patched when it changes; `look/static/page.js` brings the page's
slots to them by changing only the nodes that differ, so that a link can be clicked while its list moves.
"""

from collections.abc import Callable, Mapping
from typing import Any

from bokeh.models import ColumnDataSource
from jinja2 import Template
from markupsafe import Markup


class Fragments:
    """The slots of one page. `root` is a document's root that draws nothing."""

    def __init__(self) -> None:
        self._html: dict[str, str] = {}
        self._sent: dict[str, str] = {}
        self.root = ColumnDataSource(name="fragments", data={"slot": [], "html": []})

    def set(self, slot: str, html: str) -> None:
        """Says what a slot is to show."""
        self._html[slot] = html

    def send(self) -> None:
        """Sends the slots that changed since the last time."""
        if self._html.keys() != self._sent.keys():
            self.root.data = {"slot": list(self._html), "html": list(self._html.values())}
        else:
            changed = [(row, html) for row, (slot, html) in enumerate(self._html.items()) if html != self._sent[slot]]
            if changed:
                self.root.patch({"html": changed})
        self._sent = dict(self._html)

    def slots(self) -> dict[str, Markup]:
        """What each slot shows, for the page as it is first sent; every piece comes from an escaping template."""
        return {slot: Markup(html) for slot, html in self._html.items()}


class Panel:
    """One slot: facts about the feed in, HTML out, rendered anew only when the facts change."""

    def __init__(self, slot: str, fragments: Fragments, template: Template,
                 facts: Callable[[float], Mapping[str, Any]]) -> None:  # fmt: skip
        self.root = None
        self._slot = slot
        self._fragments = fragments
        self._template = template
        self._facts = facts
        self._shown: Mapping[str, Any] | None = None

    def update(self, now: float) -> None:
        """Renders what the facts are now."""
        facts = self._facts(now)
        if facts != self._shown:
            self._fragments.set(self._slot, self._template.render(facts))
            self._shown = facts
