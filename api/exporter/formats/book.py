"""EPUB 3.3: every page a chapter, in the order of their addresses. Pictures are not fetched, their words stay."""

import tempfile
from collections.abc import Iterator, Sequence
from typing import IO, BinaryIO

from api.exporter.formats.archive import Archive
from api.exporter.formats.html import entry_line, written
from api.exporter.formats.names import Known, Names
from api.exporter.formats.page import page_of
from api.exporter.formats.prose import text_of
from api.exporter.formats.writer import Heading
from schemas.exports import Entry
from schemas.ledger import StoredRecord

_XML = '<?xml version="1.0" encoding="utf-8"?>\n'
_CONTAINER = (
    f'{_XML}<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
    'full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>\n'
)
_CHAPTER = 'media-type="application/xhtml+xml"'


class BookFile:
    """`mimetype` first and stored, then what holds it together, then the chapters."""

    contents = True

    def __init__(self, file: BinaryIO) -> None:
        self._archive = Archive(file)
        self._known = Known()
        self._entered = Names()
        self._names = Names()
        self._heading: Heading | None = None
        self._manifest: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # until the contents are written
        self._spine: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._nav: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115

    def begin(self, heading: Heading) -> None:
        """What every book has."""
        self._heading = heading
        self._archive.add("mimetype", b"application/epub+zip", stored=True)
        self._archive.add("META-INF/container.xml", _CONTAINER.encode())
        title = f"<h1>{text_of(heading.name)}</h1>\n<p>Dataset {text_of(heading.dataset)}, {heading.at}</p>\n"
        self._archive.add("EPUB/title.xhtml", _document(heading.name, title).encode())

    def enter(self, entries: Sequence[Entry]) -> None:
        """Chapters to come, which wait in files."""
        for entry in entries:
            self._known.add(entry.key)
            name = self._entered.next(entry.key)
            self._manifest.write(f'<item id="p-{name}" href="pages/{name}.xhtml" {_CHAPTER}/>\n'.encode())
            self._spine.write(f'<itemref idref="p-{name}"/>\n'.encode())
            self._nav.write(entry_line(entry, f"pages/{name}.xhtml").encode())

    def add(self, records: Sequence[StoredRecord]) -> None:
        """Chapters."""
        self._write_contents()
        for record in records:
            page = page_of(record)
            name = self._names.next(record.key)
            body = written(page, self._rename, pictures=False)
            self._archive.add(f"EPUB/pages/{name}.xhtml", _document(page.title or page.url, body).encode())

    def end(self) -> None:
        """The directory."""
        self._write_contents()
        self._archive.close()

    def _write_contents(self) -> None:
        heading, self._heading = self._heading, None
        if heading is None:
            return
        self._archive.begin("EPUB/package.opf")
        self._archive.write(_package(heading).encode())
        self._copy(self._manifest)
        self._archive.write(b'</manifest>\n<spine>\n<itemref idref="title"/>\n')
        self._copy(self._spine)
        self._archive.write(b"</spine>\n</package>\n")
        self._archive.end()
        top = '<nav epub:type="toc"><h1>Contents</h1><ol>\n<li><a href="title.xhtml">Title</a></li>\n'
        before, after = _document(heading.name, f"{top}\0</ol></nav>\n").split("\0")
        self._archive.begin("EPUB/nav.xhtml")
        self._archive.write(before.encode())
        self._copy(self._nav)
        self._archive.write(after.encode())
        self._archive.end()

    def _copy(self, waiting: IO[bytes]) -> None:
        waiting.seek(0)
        for piece in _pieces(waiting):
            self._archive.write(piece)
        waiting.close()

    def _rename(self, address: str) -> str | None:
        stem = self._known.stem(address)
        return f"{stem}.xhtml" if stem else None


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(1 << 16):
        yield piece


def _document(title: str, body: str) -> str:
    return (
        f'{_XML}<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">\n'
        f"<head><title>{text_of(title)}</title></head>\n<body>\n{body}</body>\n</html>\n"
    )


def _package(heading: Heading) -> str:
    return (
        f'{_XML}<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">\n'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f'<dc:identifier id="id">urn:uuid:{heading.run_id}</dc:identifier>\n'
        f"<dc:title>{text_of(heading.name)}</dc:title>\n<dc:language>und</dc:language>\n"
        f'<meta property="dcterms:modified">{heading.at}</meta>\n</metadata>\n<manifest>\n'
        f'<item id="nav" href="nav.xhtml" properties="nav" {_CHAPTER}/>\n'
        f'<item id="title" href="title.xhtml" {_CHAPTER}/>\n'
    )
