"""A page as the rules see it: characters and one tree, whatever the bytes were."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import zstandard
from lxml import etree
from parsel import Selector

from schemas.events import FetchResult
from schemas.hosts import UrlError
from schemas.media import media_type
from schemas.urls import canonical
from streams.extraction.charset import decode
from streams.extraction.errors import UnreadableError
from streams.extraction.excess import without_excess
from streams.extraction.formats.json_body import read_json, read_json_lines
from streams.extraction.formats.kinds import READ, Format, format_of
from streams.extraction.formats.pdf import read_pdf
from streams.extraction.formats.tables import read_table

MAX_BODY = 50_000_000
"""Bytes of a decompressed body; the largest that a job may ask for."""

_decompressor = zstandard.ZstdDecompressor()

Kind = Literal["html", "xml", "json", "csv", "text"]
Node = Any
"""An element of lxml, which ships no types."""

_KINDS: dict[Format, Kind] = {
    "html": "html",
    "xml": "xml",
    "json": "json",
    "ndjson": "json",
    "csv": "csv",
    "tsv": "csv",
}
_GROUPS = {
    **dict.fromkeys(("a", "area", "link"), "links"),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "headings"),
    **{name: name for name in ("meta", "title", "base")},
}
_DECLARATION = re.compile(r"\s*<\?xml\b[^>]*\?>")


@dataclass(kw_only=True)
class Document:
    """One page, parsed once. `base` is what its relative addresses stand for, its own URL but for `<base href>`.

    `root` is the tree of HTML and XML, an empty element for all else. `data` is the value of JSON (lines of it: a
    list), or a table's rows as a list of dicts of str. `text` is what was parsed, for PDF what was read of it; `title`
    is a PDF's own.
    `notes` gathers, in sentences, what was cut off while reading it, for the reason of the page's outcome.
    """

    url: str
    kind: Kind
    text: str
    encoding: str
    root: Node
    data: Any = None
    title: str = ""
    headers: Sequence[tuple[str, str]] = ()
    notes: list[str] = field(default_factory=list)

    @cached_property
    def selector(self) -> Selector:
        """The same tree for parsel; nothing is parsed again."""
        return Selector(root=self.root, type="xml" if self.kind == "xml" else "html")

    @cached_property
    def named(self) -> Mapping[str, list[Node]]:
        """Elements of the names that every page is asked for, in the order of the page: `links` (a, area, link),
        `headings` (h1 to h6), `meta`, `title`, `base`. One walk for all: each one costs a tenth of parsing."""
        found: dict[str, list[Node]] = {group: [] for group in _GROUPS.values()}
        for element in self.root.iter(*_GROUPS):
            found[_GROUPS[element.tag]].append(element)
        return found

    @cached_property
    def base(self) -> str:
        """The first usable `<base href>` in canonical form, else the page's URL."""
        for element in self.named["base"]:
            href = element.get("href")
            if href:
                try:
                    return canonical(href, self.url)
                except UrlError:
                    return self.url
        return self.url

    def header(self, name: str) -> str:
        """The first header of that name in any case, or an empty string."""
        return _header(self.headers, name)


def read(result: FetchResult) -> Document:
    """The document that a fetched page is; the same bytes give the same document.

    HTML and XHTML are read as browsers read HTML. XML loses its namespaces' prefixes, so that `entry > title` finds
    what it says; entities are never expanded nor anything loaded. What is nested more than 2,048 deep is cut off
    (libxml2's bound) and noted. Raises UnreadableError: `bad_content_type` for what is not read at all, `decode_failed`
    when the stored body is damaged, `too_large` beyond MAX_BODY, `extract_failed` for a body that is not of its format.
    """
    body = body_of(result)
    declared = _header(result.headers, "content-type")
    form = format_of(result.headers, result.url, body[:1000])
    if form is None:
        raise UnreadableError("bad_content_type", f"The page is {media_type(result.headers) or 'of no type'}; {READ}.")
    if form == "pdf":
        return _of_pdf(result, body)
    text, encoding = decode(body, declared, markup=form in ("html", "xml"))
    text = text.replace("\x00", "")
    notes: list[str] = []
    root = _html(text, notes) if form == "html" else _xml(text, notes) if form == "xml" else etree.Element("html")
    return Document(
        url=result.url,
        kind=_KINDS.get(form, "text"),
        text=text,
        encoding=encoding,
        root=root,
        data=_data(form, text, notes),
        headers=result.headers,
        notes=notes,
    )


def is_pdf(result: FetchResult) -> bool:
    """Whether it may be one, by what can be known before it is decompressed."""
    return format_of(result.headers, result.url, b"%PDF-") == "pdf"


def _data(form: Format, text: str, notes: list[str]) -> Any:
    if form == "json":
        return read_json(text, notes)
    if form == "ndjson":
        return read_json_lines(text, notes)
    if form in ("csv", "tsv"):
        return read_table(text, notes, "\t" if form == "tsv" else "")
    return None


def _of_pdf(result: FetchResult, body: bytes) -> Document:
    notes: list[str] = []
    title, text = read_pdf(body, notes)
    return Document(
        url=result.url,
        kind="text",
        text=text,
        encoding="",
        root=etree.Element("html"),
        title=title,
        headers=result.headers,
        notes=notes,
    )


def size_of(result: FetchResult) -> int:
    """Bytes of the body when decompressed, without doing it; more than are ever read where nobody knows."""
    try:
        size: int = zstandard.frame_content_size(result.body) if result.body else 0
    except zstandard.ZstdError:
        return 0  # nothing that could be read
    return size if size >= 0 else MAX_BODY + 1


def body_of(result: FetchResult) -> bytes:
    """The bytes as the host meant them. Bounded before anything is allocated: a frame's own header decides how much
    zstandard takes."""
    if not result.body:
        return b""
    try:
        size = zstandard.frame_content_size(result.body)
        if size > MAX_BODY:
            raise UnreadableError("too_large", f"The page has {size} bytes; {MAX_BODY} are read.")
        if size > 0:
            return bytes(_decompressor.decompress(result.body))
        with _decompressor.stream_reader(result.body) as reader:
            body = bytes(reader.read(MAX_BODY + 1))
    except zstandard.ZstdError as problem:
        raise UnreadableError("decode_failed", f"The stored body cannot be decompressed: {problem}") from problem
    if len(body) > MAX_BODY:
        raise UnreadableError("too_large", f"The page has over {MAX_BODY} bytes.")
    return body


def _html(text: str, notes: list[str]) -> Node:
    # Parsers are made per page: libxml2's keep a dictionary of names that would grow with every page read.
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, no_network=True)
    root = _parsed(without_excess(text, notes), parser, notes)
    return etree.Element("html") if root is None else root


def _xml(text: str, notes: list[str]) -> Node:
    parser = etree.XMLParser(
        encoding="utf-8", recover=True, huge_tree=True, no_network=True, resolve_entities=False, load_dtd=False
    )
    root = _parsed(without_excess(_DECLARATION.sub("", text, count=1), notes), parser, notes)
    if root is None:
        raise UnreadableError("extract_failed", " ".join(["The page is not XML.", *notes]))
    for element in root.iter(etree.Element):
        tag = element.tag
        if tag[0] == "{":
            # A name that recovery made up may not be given again; it stays as it is.
            with suppress(ValueError):
                element.tag = tag[tag.index("}") + 1 :]
    return root


def _parsed(text: str, parser: Any, notes: list[str]) -> Node | None:
    body = text.strip().encode("utf-8", "replace")
    try:
        root = etree.fromstring(body, parser) if body else None
    except etree.XMLSyntaxError:
        root = None
    if any(error.type_name == "ERR_NO_MEMORY" for error in parser.error_log):
        raise MemoryError  # libxml2 gives what it has so far, which would look like a short page
    beyond = next((error.message for error in parser.error_log if error.type_name == "ERR_RESOURCE_LIMIT"), None)
    if beyond and "depth" in beyond:
        notes.append("The page nests deeper than 2,048 elements; what follows was not read.")
    elif beyond:
        notes.append(f"A limit of the parser was passed, what follows was not read: {beyond}.")
    return root


def _header(headers: Sequence[tuple[str, str]], name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")
