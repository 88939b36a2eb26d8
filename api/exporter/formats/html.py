"""One HTML file: contents, then every page as a section. It runs nothing and asks nobody but for pictures."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from typing import BinaryIO

from api.exporter.formats.names import Known, Names
from api.exporter.formats.page import Page, page_of
from api.exporter.formats.prose import Rename, html_of, text_of
from api.exporter.formats.writer import Heading
from schemas.exports import Entry
from schemas.ledger import StoredRecord

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#1b1f23}"
    "pre{background:#f4f5f7;padding:.75rem;overflow:auto}table{border-collapse:collapse}"
    "td,th{border:1px solid #c9ced4;padding:.25rem .5rem}img{max-width:100%}.source{color:#5b6470;font-size:.85rem}"
)


class HtmlFile:
    """Sanitised: what it shows was written by a parser that lets no markup through."""

    contents = True

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._known = Known()
        self._entered = Names()
        self._names = Names()
        self._inside = True

    def begin(self, heading: Heading) -> None:
        """Head, title, and the beginning of the contents."""
        self._say(head(heading.name) + f"<h1>{text_of(heading.name)}</h1>\n<nav><ul>\n")

    def enter(self, entries: Sequence[Entry]) -> None:
        """Lines of the contents."""
        for entry in entries:
            self._known.add(entry.key)
            self._say(entry_line(entry, f"#{self._entered.next(entry.key)}"))

    def add(self, records: Sequence[StoredRecord]) -> None:
        """Pages."""
        self._end_contents()
        for record in records:
            page = page_of(record)
            name = self._names.next(record.key)
            self._say(f'<section id="{name}">\n{written(page, self._rename, pictures=True)}</section>\n<hr />\n')

    def end(self) -> None:
        """The end of the body."""
        self._end_contents()
        self._say("</body>\n</html>\n")

    def _end_contents(self) -> None:
        if self._inside:
            self._say("</ul></nav>\n<hr />\n")
            self._inside = False

    def _rename(self, address: str) -> str | None:
        stem = self._known.stem(address)
        return f"#{stem}" if stem else None

    def _say(self, text: str) -> None:
        self._file.write(text.encode())


def head(title: str) -> str:
    """Everything before what the body says."""
    return (
        '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8" />\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy()}" />\n'
        '<meta name="referrer" content="no-referrer" />\n'
        f"<title>{text_of(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    )


def entry_line(entry: Entry, target: str) -> str:
    """A line of a table of contents."""
    title = text_of(entry.title).strip()
    return f'<li><a href="{target}">{title or text_of(entry.key)}</a></li>\n'


def written(page: Page, rename: Rename, *, pictures: bool) -> str:
    """A page with its title and where it comes from."""
    title = "" if page.titled else f"<h1>{text_of(page.title or page.url)}</h1>\n"
    source = f'<p class="source">{text_of(page.url)} ({page.fetched})</p>\n'
    return title + source + html_of(page.markdown, page.url, rename, pictures=pictures)


@cache
def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src http: https:; base-uri 'none'; form-action 'none'"
