"""Pages without rules: what they give beyond the page record."""

import re
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


def _words(markdown: str) -> list[str]:
    """What is read of it: not where its links lead, nor the languages of its code."""
    return re.findall(r"[^\W_]+", re.sub(r"\]\([^)]*\)|^```.*$", "", markdown, flags=re.MULTILINE))


CODE = """<html><body><main><h1>Install<a href="#i">¶</a></h1><p>Some words of an introduction, long enough to be text,
and <a href="next.html#top">the next page</a>, which tells more about it than this one does in all of its words.</p>
<div class="highlight-python notranslate"><div class="highlight"><pre><span class="k">def</span> f(x):
    return x

f(3)</pre></div></div><pre>$ a shell

  indented</pre><p>And a last paragraph that closes the page with some more words, which makes it long enough.</p>
</main></body></html>"""


def test_markdown_keeps_code_as_it_is_and_links_where_they_lead() -> None:
    [record] = records(CODE, ["markdown"], "http://docs.example/guide/install.html")
    assert record["markdown"].startswith("# Install\n")
    assert "[the next page](http://docs.example/guide/next.html#top)" in record["markdown"]
    assert "```python\ndef f(x):\n    return x\n\nf(3)\n```" in record["markdown"]
    assert "```\n$ a shell\n\n  indented\n```" in record["markdown"]


def test_pages_keep_their_content_for_files_that_are_to_be_read() -> None:
    def auto_of(*formats: str, **extract: Any) -> Any:
        job = {"url": ADDRESS, "export_formats": list(formats), "extract": extract}
        return JobDescription.model_validate(job).extract.auto

    assert auto_of("MD") == auto_of("epub", "csv") == ["markdown"]
    assert auto_of("zip", auto=["tables"]) == ["tables", "markdown"]
    assert auto_of("html", auto=True) is True
    assert auto_of("html", auto="list") == "list"
    assert auto_of("json", "csv") is auto_of("markdown", fields={"a": "b"}) is False


def test_nothing_is_lost_against_the_library_alone() -> None:
    for body in _pages():
        alone = trafilatura.extract(body, url=ADDRESS, fast=True)
        [record] = records(body, ["main_text", "markdown"])
        assert "".join(record["main_text"].split()) == "".join((alone or "").split())
        alone = trafilatura.extract(body, url=ADDRESS, fast=True, output_format="markdown", include_links=True)
        assert _words(record["markdown"]) == _words(alone or "")
