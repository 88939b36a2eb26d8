"""Pages that were made to hurt: each is read, in bounded time, to a record or an outcome."""

from collections.abc import Callable
from time import process_time

import pytest

from schemas.job import Extract
from streams.extraction.document import Document
from streams.extraction.errors import ExtractionError
from streams.extraction.excess import MAX_ATTRIBUTES, without_excess
from streams.extraction.links import find_links
from streams.extraction.page_record import page_record
from streams.extraction.rules import Rules
from tests.unit.extraction.pages import page

SECONDS = 60
"""CPU time for everything about one page; each takes under three where nothing else runs, and several times that
beside others; what they were made for would take many minutes."""

FIELDS = {"text": "::text", "link": {"css": "a", "type": "url"}, "all": {"css": "a", "type": "list"}}
ITEMS = Rules(Extract.model_validate({"items": "div, li, a", "fields": FIELDS}))

PAGES: dict[str, Callable[[], str]] = {
    "100,000 elements": lambda: "".join(f"<li><a href=/p/{number}>item {number}</a>" for number in range(50_000)),
    "10 MB of text": lambda: "<p>" + "word " * 2_000_000,
    "10 MB of elements": lambda: "<p>some <b>bold</b> text</p>" * 380_000,
    "100,000 deep": lambda: "<div>" * 100_000 + "x" + "</div>" * 100_000,
    "100,000 deep, mixed": lambda: "<div><b><table><tr><td>" * 20_000,
    "nested items over many leaves": lambda: "<div>" * 1000 + "<p>word</p>" * 50_000,
    "nested items over nothing": lambda: "<div>" * 2000 + "<i></i>" * 50_000,
    "unclosed links": lambda: "<a href=x>" * 100_000,
    "100,000 attributes": lambda: "<p " + " ".join(f"a{number}=1" for number in range(100_000)) + ">x",
    "one huge attribute": lambda: f"<a href='{'x' * 10_000_000}'>x</a>",
    "only brackets": lambda: "<" * 2_000_000,
    "only half tags": lambda: "<a" * 1_000_000,
    "only ampersands": lambda: "&" * 2_000_000,
    "comments": lambda: "<!--x-->" * 300_000,
    "an open comment": lambda: "<!--" * 500_000,
    "an open script": lambda: "<script>" + "</scrip" * 300_000,
    "tables in tables": lambda: "<table>" * 100_000,
    "bases": lambda: "<base href=/x/>" * 100_000 + "<a href=y>z</a>",
    "misnested": lambda: "<b><i>" * 1000 + "</b></i>" * 50_000,
    "NULs": lambda: "\x00" * 1_000_000 + "<p>x",
}


def _everything(document: Document) -> None:
    find_links(document)
    page_record(document)
    try:
        ITEMS.extract(document)
    except ExtractionError as problem:
        document.notes.append(str(problem))


@pytest.mark.parametrize("name", PAGES)
def test_nasty_html_is_read_in_bounded_time(name: str) -> None:
    body = PAGES[name]()
    begun = process_time()
    document = page(body)
    _everything(document)
    assert process_time() - begun < SECONDS
    assert document.root is not None


@pytest.mark.parametrize("name", ["100,000 deep", "100,000 attributes", "nested items over many leaves"])
def test_what_is_cut_off_is_said(name: str) -> None:
    document = page(PAGES[name]())
    if not document.notes:
        _everything(document)
    assert document.notes


def test_deep_xml_is_cut_too() -> None:
    document = page("<a>" * 100_000, "text/xml")
    assert document.notes


def test_200_attributes_are_kept_and_no_more() -> None:
    notes: list[str] = []
    padding = "y" * 5000
    page_text = (
        f"<p {' '.join(f'a{number}' for number in range(300))} title='{padding}'>x</p><p title='{padding}'>y</p>"
    )
    kept = without_excess(page_text, notes)
    assert f"a{MAX_ATTRIBUTES - 1}>x</p>" in kept
    assert f"a{MAX_ATTRIBUTES}" not in kept
    assert f"<p title='{padding}'>y</p>" in kept
    assert len(notes) == 1


def test_a_script_may_have_excess_too() -> None:
    notes: list[str] = []
    tag = "<script " + " ".join(f"a{number}" for number in range(3000))
    assert without_excess(f"{tag}>if (a<b) x</script>", notes).endswith(f"a{MAX_ATTRIBUTES - 1}>if (a<b) x</script>")
    assert without_excess(tag, notes).endswith(f"a{MAX_ATTRIBUTES - 1}")
    assert len(notes) == 2


def test_long_values_and_long_scripts_are_left_alone() -> None:
    notes: list[str] = []
    value = "data:image/png;base64," + "A" * 20_000
    ordinary = f"<img src='{value}' alt=x><script>if (a<b) {{{'x = 1; ' * 900}}}</script><p class=\"{'c ' * 3000}\">"
    assert without_excess(ordinary, notes) == ordinary
    assert notes == []
