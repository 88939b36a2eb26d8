"""The record of a page without rules."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from streams.extraction.page_record import HEADINGS_BYTES, TEXT_BYTES, page_record
from streams.extraction.text import INLINE, SILENT
from tests.unit.extraction.pages import ADDRESS, page

PAGE = """<!doctype html><html lang="en-GB"><head><title> The
 Shop </title><meta name=Description content=" Good things. "><script>var x;</script></head><body>
<svg><title>drawing</title></svg><h2>First</h2><p>Some <b>bold</b>ness.</p><h1>Second <a href="#s">#</a></h1><h3> </h3>
<script>no</script></body></html>"""


def test_title_headings_text_language_and_description() -> None:
    assert page_record(page(PAGE)) == {
        "url": ADDRESS,
        "title": "The Shop",
        "headings": ["First", "Second #"],
        "text": "drawing First Some boldness. Second #",
        "language": "en-GB",
        "description": "Good things.",
        "links": 1,
    }


def test_what_a_page_says_of_itself() -> None:
    body = """<meta name=author content="Ann"><meta property=article:published_time content="2024-05-01T10:00:00+02:00">
        <meta property=og:site_name content="The Post"><meta property=og:image content="/i.png">
        <meta name=twitter:image content=""><meta name=date content=x><a href=/1>a</a> <a name=x>b</a><p>x"""
    assert page_record(page(body)) == {
        "url": ADDRESS, "text": "a b x", "author": "Ann", "published": "2024-05-01T10:00:00+02:00",
        "site_name": "The Post", "image": "/i.png", "links": 1,
    }  # fmt: skip


def test_what_a_page_does_not_have_is_absent() -> None:
    assert page_record(page("")) == {"url": ADDRESS}
    assert page_record(page("<p>x")) == {"url": ADDRESS, "text": "x"}


def test_language_and_description_have_second_choices() -> None:
    record = page_record(page("<html xml:lang=de><meta property='og:description' content=o><p>x"))
    assert (record["language"], record["description"]) == ("de", "o")


def test_xml_is_text_too() -> None:
    assert page_record(page("<list><title>T</title><one>x</one><two>y</two></list>", "text/xml"))["text"] == "T x y"


def test_a_long_page_is_cut_at_a_character_and_says_so() -> None:
    document = page("<p>" + 'é"' * TEXT_BYTES)
    text = page_record(document)["text"]
    assert ('é"' * TEXT_BYTES).startswith(text)
    assert TEXT_BYTES - 4 <= len(text.encode()) + text.count('"') + 2 <= TEXT_BYTES
    assert document.notes == [f"The text is longer than {TEXT_BYTES} bytes; the rest was left out."]


def test_many_headings_are_cut() -> None:
    document = page("<h2>heading</h2>" * HEADINGS_BYTES)
    assert len(page_record(document)["headings"]) == HEADINGS_BYTES // len('"heading",')
    assert any("headings" in note for note in document.notes)


class _Walk(HTMLParser):
    """The definition once more, by the standard library's parser: blanks at all that is not inline, nothing silent."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.silent = 0
        self.within = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.within |= tag == "body"
        self.silent += tag in SILENT
        self._part(tag)

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in SILENT
        self._part(tag)

    def handle_data(self, data: str) -> None:
        if self.within and not self.silent:
            self.pieces.append(data)

    def _part(self, tag: str) -> None:
        if self.within and tag not in INLINE:
            self.pieces.append(" ")


def _files() -> list[Path]:
    """Real pages, where the machine has them: Python's documentation and whatever else Debian installed as HTML."""
    found = [path for path in Path("/usr/share/doc").glob("*/html/**/*.html") if path.is_file()]
    return sorted(found)[:: max(1, len(found) // 60)]


@pytest.mark.skipif(not _files(), reason="no HTML documentation is installed (python3-doc)")
def test_real_pages_read_as_an_independent_walk_reads_them() -> None:
    differing = []
    for path in _files():
        walk = _Walk()
        body = path.read_bytes()
        document = page(body)
        walk.feed(document.text)
        walk.close()
        text = page_record(document).get("text", "")
        expected = " ".join("".join(walk.pieces).split())
        if text != expected and not (document.notes and expected.startswith(text)):
            differing.append(str(path))
    assert differing == []
