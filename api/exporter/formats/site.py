"""A site as a ZIP: one file a page, an index, and links between the pages that work where it is unpacked."""

from collections.abc import Sequence
from typing import BinaryIO

from api.exporter.formats import html, markdown
from api.exporter.formats.archive import Archive
from api.exporter.formats.names import Known, Names
from api.exporter.formats.page import page_of
from api.exporter.formats.prose import escaped, text_of
from api.exporter.formats.writer import Heading
from schemas.exports import Entry
from schemas.ledger import StoredRecord


class SiteFile:
    """Pages are Markdown or HTML; pictures are not fetched."""

    contents = True

    def __init__(self, file: BinaryIO, *, as_html: bool) -> None:
        self._archive = Archive(file)
        self._html = as_html
        self._ending = "html" if as_html else "md"
        self._known = Known()
        self._entered = Names()
        self._names = Names()
        self._inside = True

    def begin(self, heading: Heading) -> None:
        """The index begins."""
        self._archive.begin(f"index.{self._ending}")
        name = heading.name
        top = f"{html.head(name)}<h1>{text_of(name)}</h1>\n<ul>\n" if self._html else f"# {escaped(name)}\n\n"
        self._archive.write(top.encode())

    def enter(self, entries: Sequence[Entry]) -> None:
        """Lines of the index."""
        line = html.entry_line if self._html else markdown.entry_line
        for entry in entries:
            self._known.add(entry.key)
            name = self._entered.next(entry.key)
            self._archive.write(line(entry, f"pages/{name}.{self._ending}").encode())

    def add(self, records: Sequence[StoredRecord]) -> None:
        """Files."""
        self._end_index()
        for record in records:
            page = page_of(record)
            name = self._names.next(record.key)
            text = markdown.written(page, self._rename)
            if self._html:
                body = html.written(page, self._rename, pictures=True)
                text = f"{html.head(page.title or page.url)}{body}</body>\n</html>\n"
            self._archive.add(f"pages/{name}.{self._ending}", text.encode())

    def end(self) -> None:
        """The directory."""
        self._end_index()
        self._archive.close()

    def _end_index(self) -> None:
        if self._inside:
            self._archive.write(b"</ul>\n</body>\n</html>\n" if self._html else b"")
            self._archive.end()
            self._inside = False

    def _rename(self, address: str) -> str | None:
        stem = self._known.stem(address)
        return f"{stem}.{self._ending}" if stem else None
