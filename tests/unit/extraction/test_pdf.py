"""The text of a PDF, within bounds."""

import io
import time

import pytest
from pypdf import PdfWriter

from streams.extraction.children.pool import Children
from streams.extraction.contents import read_contents
from streams.extraction.errors import UnreadableError
from streams.extraction.formats import pdf
from streams.extraction.formats.pdf import read_pdf
from streams.extraction.places import contents_of
from tests.unit.extraction.pages import ADDRESS, fetched
from tests.unit.extraction.test_answers import reader
from tests.unit.extraction.test_places import Noted


def written(*pages: str, title: str = "") -> bytes:
    """A PDF of lines of text (PDF 32000-1, 7.5)."""
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<</Type /Catalog /Pages 2 0 R>>",
        f"<</Type /Pages /Kids [{kids}] /Count {len(pages)}>>",
        "<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>",
        f"<</Title ({title})>>",
    ]
    for number, text in enumerate(pages):
        shown = " T* ".join(f"({line}) Tj" for line in text.split("\n"))
        stream = f"BT /F1 12 Tf 14 TL 72 720 Td {shown} ET"
        objects += [
            f"<</Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {6 + 2 * number} 0 R"
            " /Resources <</Font <</F1 3 0 R>>>>>>",
            f"<</Length {len(stream)}>> stream\n{stream}\nendstream",
        ]
    body, places = "%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj {one} endobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer <</Size {size} /Root 1 0 R /Info 4 0 R>>"
    return f"{body}{end}\nstartxref\n{len(body)}\n%%EOF".encode()


def test_a_pdf_is_its_title_and_its_text() -> None:
    (batch,) = read_contents(fetched(written("One\nline", "Two", title="A paper"), "application/pdf"), reader()).batches
    assert batch.records == [{"url": ADDRESS, "title": "A paper", "text": "One\nline\n\nTwo"}]


async def test_a_pdf_is_read_in_a_child_however_small_it_is() -> None:
    there = Noted()
    for media, url in (("application/pdf", ADDRESS), ("application/octet-stream", f"{ADDRESS}/a.pdf"), (None, ADDRESS)):
        await contents_of(fetched(written("x"), media, url=url), reader(), there)
    assert there.asked == 3
    async with Children() as children:
        found = await children.read(fetched(written("x"), "application/pdf"), reader())
    assert [batch.records[0]["text"] for batch in found.batches] == ["x"]


def test_of_a_long_pdf_the_first_pages_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    assert read_pdf(written(*"abcde"), notes).text == "a\n\nb\n\nc\n\nd\n\ne" and not notes
    monkeypatch.setattr(pdf, "MAX_PAGES", 2)
    assert read_pdf(written(*"abcde"), notes).text == "a\n\nb"
    monkeypatch.setattr(pdf, "MAX_CHARACTERS", 4)
    assert read_pdf(written("abcdef", "b"), notes).text == "abcdef"
    assert notes == ["The PDF has 5 pages; the first 2 were read.", "The PDF has 2 pages; the first 1 were read."]


def test_the_most_that_is_read_takes_about_a_second() -> None:
    lines = "\n".join("some words that fill a line of ordinary text" for _ in range(40))
    body = written(*[lines] * 120)
    begun = time.process_time()
    assert len(read_pdf(body, []).text) > 90_000
    assert time.process_time() - begun < 30


def test_a_pdf_without_text_says_so() -> None:
    notes: list[str] = []
    assert read_pdf(written(""), notes).text == "" and notes == ["The PDF has no text; it may consist of pictures."]


def locked() -> bytes:
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "it is none"),
        (b"<html>Not found", "it is none"),
        (b"%PDF-1.7", "damaged"),
        (written("x")[:200], "damaged"),
        (written("x").replace(b"/Kids [5 0 R]", b"/Kids [2 0 R]"), "damaged"),
        (locked(), "locked with a password"),
    ],
    ids=["empty", "html", "head", "cut", "circle", "locked"],
)
def test_what_cannot_be_read_is_an_outcome(body: bytes, words: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_pdf(body, [])
    assert caught.value.outcome == "extract_failed" and words in str(caught.value) and len(str(caught.value)) <= 500
