"""Pages without rules: what they give beyond the page record."""

from pathlib import Path
from typing import Any

import pytest
import trafilatura

from demo.pages import render
from schemas.job import JobDescription
from streams.cleaning.cleaner import clean
from streams.extraction import auto
from streams.extraction.batches import batches_of, clean_rules, has_rules
from streams.extraction.document import read
from streams.extraction.page_record import page_record
from streams.extraction.rules import Rules
from tests.unit.extraction.pages import ADDRESS, fetched, page

ARTICLE = """<html lang=en><head><title>T</title><meta name=author content="Ann Lee">
<script type="application/ld+json">{"@type": "NewsArticle", "datePublished": "2024-05-01"}</script></head>
<body><nav><a href=/>Home</a> <a href=/a>About</a></nav><article><h1>A heading</h1>
<p>The first paragraph says <b>enough</b> about <code>&lt;module&gt;</code> things, at some length, to be main text.</p>
<p>The second one does so too, <a href="/more">with a link</a>, and goes on for a while until it is long enough.</p>
<table><tr><th>City</th><th>Year</th></tr><tr><td>Oslo</td><td>1990</td></tr><tr><td colspan=2>both</td></tr></table>
<table><tr><td>layout</td></tr></table></article><footer>Imprint and privacy</footer></body></html>"""


def records(body: bytes | str, wanted: Any, url: str = ADDRESS) -> list[dict[str, Any]]:
    job = JobDescription.model_validate({"url": url, "extract": {"auto": wanted}})
    visit = fetched(body, url=url)
    raw = Rules(job.extract).extract(read(visit)) if has_rules(job) else [page_record(read(visit))]
    made = batches_of(visit, raw, clean_rules(job), "job", "data")
    assert made.oversized == []
    return [record.data for batch in made.batches for record in clean(batch).batch.records]


def test_what_is_asked_for_comes_beside_the_page_record() -> None:
    [plain] = records(ARTICLE, [])
    [record] = records(ARTICLE, True)
    assert plain == {name: record[name] for name in plain}
    assert record["tables"] == [[["City", "Year"], ["Oslo", "1990"], ["both", "both"]]]
    assert record["published"] == "2024-05-01T00:00:00Z"
    assert record["author"] == "Ann Lee"
    assert "first paragraph" in record["main_text"]
    assert "Imprint" not in record["main_text"]
    assert "# A heading\n" in record["markdown"]
    assert "**enough**" in record["markdown"]
    assert "<module>" in record["markdown"]  # Markdown already: it is not read as HTML again
    assert "[with a link](http://shop.example/more)" in record["markdown"]
    assert records(ARTICLE, ["tables"]) == [{**plain, "tables": record["tables"]}]


def test_what_has_no_room_is_cut_and_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "ROOM", 600)
    document = page(ARTICLE)
    extract = JobDescription.model_validate({"url": ADDRESS, "extract": {"auto": True}}).extract
    [record] = auto.records_of(document, extract)
    assert len(record["main_text"]) < 230
    assert "tables" not in record
    assert any("main_text" in note for note in document.notes)


def test_a_library_that_fails_costs_its_fields_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any, **named: Any) -> None:
        raise RecursionError

    monkeypatch.setattr(trafilatura, "extract", fail)
    [record] = records(ARTICLE, ["main_text"])
    assert record["title"] == "T"
    assert "main_text" not in record


def test_an_empty_page_is_no_error() -> None:
    assert records("", True) == [{"url": ADDRESS}]


def _pages() -> list[bytes]:
    """The shop's articles and products, and Python's documentation where the machine has it."""
    shop = render(7)
    own = [page.body for path, page in shop.items() if path.startswith(("/news/", "/product/"))][::60]
    library = Path("/usr/share/doc/python3.11-doc/html/library")
    names = ("json.html", "heapq.html", "graphlib.html", "this.html", "bisect.html")
    return own + [path.read_bytes() for name in names if (path := library / name).is_file()]


def test_nothing_is_lost_against_the_library_alone() -> None:
    for body in _pages():
        alone = trafilatura.extract(body, url=ADDRESS, fast=True)
        [record] = records(body, ["main_text", "markdown"])
        assert "".join(record["main_text"].split()) == "".join((alone or "").split())
        alone = trafilatura.extract(body, url=ADDRESS, fast=True, output_format="markdown", include_links=True)
        assert record["markdown"] == (alone or "").strip()
