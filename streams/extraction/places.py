"""Where a page is read: small pages with plain rules in this process, all others where they can be cut off."""

from typing import Protocol

from schemas.events import FetchResult
from streams.extraction.contents import Contents, contents_of_page, read_contents
from streams.extraction.document import is_pdf, read, size_of
from streams.extraction.reading import Reader
from streams.extraction.weight import MAX_HERE, is_light


class Elsewhere(Protocol):
    """Reads pages in other processes."""

    async def read(self, result: FetchResult, reader: Reader) -> Contents:
        """As `read_contents`, and with its errors; UnreadableError too for a page that was cut off."""
        ...


async def contents_of(result: FetchResult, reader: Reader, elsewhere: Elsewhere | None) -> Contents:
    """A page's contents, the same wherever it is read; without `elsewhere` all is read here. Raises ExtractionError.

    A page that looks harmless and turns out to nest, or to have more elements than its rules can be trusted with, is
    parsed a second time, elsewhere.
    """
    if elsewhere is None:
        return read_contents(result, reader)
    if result.kind != "page":
        return read_contents(result, reader) if size_of(result) <= MAX_HERE else await elsewhere.read(result, reader)
    if reader.load.unbounded or size_of(result) > MAX_HERE or is_pdf(result):
        return await elsewhere.read(result, reader)
    document = read(result)
    if is_light(reader.load, document):
        return contents_of_page(result, reader, document)
    return await elsewhere.read(result, reader)
