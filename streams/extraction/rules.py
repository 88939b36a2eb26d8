"""The job's rules, compiled once a run: a page goes in, raw records come out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from lxml import etree

from schemas.events.records import FieldType
from schemas.job import Extract, FieldSpec
from streams.extraction.document import Document, Kind, Node
from streams.extraction.errors import RuleError
from streams.extraction.selectors import Reading, Selector, css, has_pseudo_element, xpath
from streams.extraction.text import own_text, text_of

MAX_ITEMS = 20_000
"""Records of one page at most."""

MAX_CHARACTERS = 20_000_000
"""Characters of all values of one page at most: nested items repeat what they hold, and must not without end."""

MAX_WORK = 50_000_000
"""Elements looked through on one page at most, each once for each field; about a second."""

_KINDS: tuple[Kind, ...] = ("html", "xml")
_COUNT = etree.XPath("count(descendant-or-self::*)")


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    type: FieldType
    selector: Selector | None
    default: Any

    def read(self, node: Node, document: Document, room: int) -> Any:
        """The raw value: a string, or a list of them for type list; None where nothing is found."""
        if self.selector is None:
            return None
        if self.type == "list":
            return self.selector.values(node, room) or None
        value = self.selector.first(node)
        if value is not None and self.type == "url" and document.base != document.url:
            return _joined(document.base, value)
        return value


class Rules:
    """Compiled rules of one `Extract`; the same page gives the same records. Raises RuleError for the first bad one.

    A raw value is a string: the first non-blank one that the selector finds; for type list all of them. A plain
    selector means the element's whole text (`text.py`), for type url its address (href, src or content, else its
    text). An address is left as found, but for a page with a `<base href>`, which no later stage knows of. A field
    without a value takes its default, or is absent. `url` is the page's own address unless a field has that name.
    """

    def __init__(self, extract: Extract) -> None:
        self._items = {kind: _items(extract, kind) for kind in _KINDS}
        self._fields = {
            kind: [_field(name, spec, kind) for name, spec in extract.fields.items()] or [_whole_item()]
            for kind in _KINDS
        }
        self._url = "url" not in extract.fields

    def extract(self, document: Document) -> list[dict[str, Any]]:
        """The page's raw records, in its order: one for each item, however little is found in it.

        Without items one for the page, but none where no selector finds anything: rules for product pages say nothing
        about the other pages of a crawl. Items beyond MAX_ITEMS are left out and noted. Raises RuleError for what
        shows only on a page: items that are no elements, more than MAX_CHARACTERS selected.
        """
        fields = self._fields[document.kind]
        items = self._items[document.kind]
        if items is None:
            record, found = self._record(document.root, document, fields, {}, MAX_CHARACTERS)
            return [record] if found else []
        nodes = items.nodes(document.root)
        _refuse_nests(nodes[:MAX_ITEMS], len(fields), document)
        if len(nodes) > MAX_ITEMS:
            document.notes.append(f"The page has {len(nodes)} items; {MAX_ITEMS} were read.")
        constant = {
            field.name: field.read(document.root, document, MAX_CHARACTERS)
            for field in fields
            if field.selector is not None and field.selector.whole_page
        }
        records, room = [], MAX_CHARACTERS
        for node in nodes[:MAX_ITEMS]:
            record, found = self._record(node, document, fields, constant, room)
            room -= found
            records.append(record)
        return records

    def _record(
        self, node: Node, document: Document, fields: list[_Field], constant: dict[str, Any], room: int
    ) -> tuple[dict[str, Any], int]:
        """A record, and how many characters were found for it."""
        record: dict[str, Any] = {"url": document.url} if self._url else {}
        found = 0
        for field in fields:
            name = field.name
            value = constant[name] if name in constant else field.read(node, document, room)
            if value is not None:
                record[name] = value
                found += len(value) if isinstance(value, str) else sum(map(len, value))
                if found > room:
                    raise RuleError(f"fields.{name}", "selects far more text than the page has, item by item.")
            elif field.default is not None:
                record[name] = field.default
        return record, found


def check(extract: Extract) -> list[RuleError]:
    """Every rule that cannot be used, for whoever wrote them; empty when all can."""
    alone = [Extract.model_validate({name: getattr(extract, name)}) for name in ("items", "items_xpath")]
    alone += [Extract(fields={name: spec}) for name, spec in extract.fields.items()]
    problems = []
    for rule in alone:
        try:
            Rules(rule)
        except RuleError as problem:
            problems.append(problem)
    return problems


def _refuse_nests(nodes: Sequence[Node], fields: int, document: Document) -> None:
    """Items within items are looked through once for each level; a thousand levels are a trap, not a listing."""
    # Four characters make an element, so most pages are seen to be harmless without counting.
    if len(nodes) * fields * len(document.text) // 4 <= MAX_WORK:
        return
    work = 0
    for node in nodes:
        work += fields * int(_COUNT(node))
        if work > MAX_WORK:
            raise RuleError("items", "nest in one another too deeply on this page; select the innermost ones.")


def _items(extract: Extract, kind: Kind) -> Selector | None:
    if extract.items:
        selector = css(extract.items, kind, "items")
        if has_pseudo_element(extract.items):
            raise RuleError("items", "must select elements; leave out ::text or ::attr().")
        return selector
    if extract.items_xpath:
        selector = xpath(extract.items_xpath, "items_xpath")
        if selector.computes:
            raise RuleError("items_xpath", "must select elements, not compute a value.")
        return selector
    return None


def _field(name: str, spec: FieldSpec, kind: Kind) -> _Field:
    reading: Reading = _address if spec.type == "url" else text_of
    selector = None
    if spec.css:
        selector = css(spec.css, kind, f"fields.{name}.css", reading)
    elif spec.xpath:
        selector = xpath(spec.xpath, f"fields.{name}.xpath", reading)
    return _Field(name, spec.type, selector, spec.default)


def _whole_item() -> _Field:
    """Items without fields: their text is the record."""
    return _Field("text", "text", xpath(".", "items"), None)


def _address(node: Node) -> str:
    for name in ("href", "src", "content"):
        value = node.get(name)
        if value:
            return str(value)
    return own_text(node)


def _joined(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference.strip())
    except ValueError:
        return reference
