"""One Markdown file: contents, then every page under an anchor of its own."""

from collections.abc import Sequence
from typing import BinaryIO

from api.exporter.formats.names import Known, Names
from api.exporter.formats.page import Page, page_of
from api.exporter.formats.prose import Rename, escaped, renamed
from api.exporter.formats.writer import Heading
from schemas.exports import Entry
from schemas.ledger import StoredRecord


class MarkdownFile:
    """CommonMark with tables; links between its pages lead to their anchors."""

    contents = True

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._known = Known()
        self._entered = Names()
        self._names = Names()

    def begin(self, heading: Heading) -> None:
        """Title and where it comes from."""
        self._say(f"# {escaped(heading.name)}\n\nDataset {escaped(heading.dataset)}, run {heading.run_id}.\n")
        self._say("\n## Contents\n\n")

    def enter(self, entries: Sequence[Entry]) -> None:
        """Lines of the contents."""
        for entry in entries:
            self._known.add(entry.key)
            self._say(entry_line(entry, f"#{self._entered.next(entry.key)}"))

    def add(self, records: Sequence[StoredRecord]) -> None:
        """Pages."""
        for record in records:
            page = page_of(record)
            name = self._names.next(record.key)
            self._say(f'\n---\n\n<a id="{name}"></a>\n\n{written(page, self._rename)}')

    def end(self) -> None:
        """Nothing stands behind the last page."""

    def _rename(self, address: str) -> str | None:
        stem = self._known.stem(address)
        return f"#{stem}" if stem else None

    def _say(self, text: str) -> None:
        self._file.write(text.encode())


def entry_line(entry: Entry, target: str) -> str:
    """A line of a table of contents."""
    return f"- [{escaped(entry.title or entry.key)}]({target})\n"


def written(page: Page, rename: Rename) -> str:
    """A page with its title and where it comes from."""
    title = "" if page.titled else f"# {escaped(page.title or page.url)}\n\n"
    source = f"Source: {escaped(page.url)} ({page.fetched})\n\n"
    return f"{title}{source}{renamed(page.markdown, rename)}\n"
