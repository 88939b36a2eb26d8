"""Slots of text: rendered when facts change, sent when the text does."""

from typing import Any

from bokeh.document import Document
from bokeh.document.events import ColumnsPatchedEvent
from jinja2 import Environment

from dashboards.fragments import Fragments, Panel


def test_only_the_slot_that_changed_is_sent() -> None:
    fragments = Fragments()
    told: list[Any] = []
    fragments.set("a", "one")
    fragments.set("b", "two")
    fragments.send()
    doc = Document()
    doc.add_root(fragments.root)
    doc.on_change(told.append)
    fragments.set("b", "three")
    fragments.send()
    fragments.send()
    assert [type(event) for event in told] == [ColumnsPatchedEvent]
    assert told[0].patches == {"html": [(1, "three")]}
    assert list(fragments.root.data["html"]) == ["one", "three"]
    assert fragments.slots() == {"a": "one", "b": "three"}


def test_a_panel_escapes_what_the_web_put_into_a_record() -> None:
    fragments = Fragments()
    template = Environment(autoescape=True).from_string("<b>{{ name }}</b>")
    panel = Panel("slot", fragments, template, lambda now: {"name": "<script>alert(1)</script>"})
    panel.update(0.0)
    assert fragments.slots()["slot"] == "<b>&lt;script&gt;alert(1)&lt;/script&gt;</b>"


def test_equal_facts_are_not_rendered_again() -> None:
    rendered: list[Any] = []

    class Counting:
        def render(self, facts: dict[str, Any]) -> str:
            rendered.append(facts)
            return str(facts)

    panel = Panel("slot", Fragments(), Counting(), lambda now: {"tenth": int(now / 10)})  # type: ignore[arg-type]
    for now in (1.0, 2.0, 11.0, 12.0):
        panel.update(now)
    assert rendered == [{"tenth": 0}, {"tenth": 1}]
