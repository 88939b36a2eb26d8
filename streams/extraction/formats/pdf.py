"""The text of a PDF. pypdf is written in Python: it is read in a child alone, which may be ended."""

import io
import logging
from typing import NamedTuple

from streams.extraction.errors import UnreadableError

MAX_PAGES = 100
"""Pages read of one PDF."""

MAX_CHARACTERS = 100_000
"""Characters read of one PDF, to the end of the page that reaches them: about a second."""


class Pdf(NamedTuple):
    """Its title, empty without one, and its text, pages parted by an empty line."""

    title: str
    text: str


def read_pdf(body: bytes, notes: list[str]) -> Pdf:
    """What it says. Raises UnreadableError `extract_failed` for one that is locked or damaged.

    The bounds count pages and characters, not seconds, so that the same bytes give the same text.
    """
    from pypdf import PdfReader  # half a second, which a worker that never meets a PDF need not spend

    if b"%PDF-" not in body[:1024]:
        raise UnreadableError("extract_failed", "The page says that it is PDF, but it is none.")
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it mends is not worth a line
    try:
        reader = PdfReader(io.BytesIO(body))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableError("extract_failed", "The PDF is locked with a password.")
        return Pdf(_title(reader), _text(reader, notes))
    except (UnreadableError, MemoryError):
        raise
    except Exception as problem:  # whatever a damaged file makes a parser do
        sentence = f"The PDF is damaged and cannot be read: {type(problem).__name__}: {problem}"
        raise UnreadableError("extract_failed", sentence[:500]) from problem


def _title(reader: object) -> str:
    metadata = getattr(reader, "metadata", None)
    title = metadata.title if metadata else None
    return _clean(title) if isinstance(title, str) else ""


def _text(reader: object, notes: list[str]) -> str:
    pages = reader.pages  # type: ignore[attr-defined]
    texts: list[str] = []
    characters = 0
    for number in range(len(pages)):
        if number == MAX_PAGES or characters >= MAX_CHARACTERS:
            notes.append(f"The PDF has {len(pages)} pages; the first {number} were read.")
            break
        texts.append(_clean(pages[number].extract_text()))
        characters += len(texts[-1])
    if not any(texts):
        notes.append("The PDF has no text; it may consist of pictures.")
    return "\n\n".join(text for text in texts if text)


def _clean(text: str) -> str:
    """Half surrogate pairs and control characters, which damaged fonts give, are no text."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    lines = ("".join(character for character in line if character >= " " or character == "\t") for line in
             whole.replace("\r", "\n").split("\n"))  # fmt: skip
    return "\n".join(line.rstrip() for line in lines).strip()
