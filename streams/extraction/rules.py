"""The job's rules, compiled once a run: a page goes in, raw records come out."""

from collections.abc import Sequence
from itertools import islice
from typing import Any

from lxml import etree

from schemas.job import Extract, FieldSpec
from streams.extraction.auto import records_of
from streams.extraction.document import Document, Kind, Node
from streams.extraction.embedded import Carried
from streams.extraction.errors import RuleError
from streams.extraction.fields import Field, PlainField, field_of, read_record
from streams.extraction.json_paths import MAX_VISITED, JsonPath
from streams.extraction.selectors import Selector, css, has_pseudo_element, xpath
from streams.extraction.ways import Selected

MAX_ITEMS = 20_000
"""Records of one page at most."""

MAX_CHARACTERS = 20_000_000
"""Characters of all values of one page at most: nested items repeat what they hold, and must not without end."""

MAX_WORK = 50_000_000
"""Elements looked through on one page at most, each once for each field; about a second."""

_KINDS: tuple[Kind, ...] = ("html", "xml")
_COUNT = etree.XPath("count(descendant-or-self::*)")


class Rules:
    """Compiled rules of one `Extract`; the same page gives the same records. Raises RuleError for the first bad one.

    A raw value is a string, or what JSON has instead: the first non-blank one that is found; for type list all of
    them; objects where a field has fields. A plain selector means the element's whole text (`text.py`), for types
    url, image, html, markdown and boolean what `readings.py` says. A field without a value takes its default, or is
    absent. `url` is the page's own address unless a field has that name.
    """

    def __init__(self, extract: Extract) -> None:
        self._auto = extract if extract.auto else None
        self._items = {kind: _items(extract, kind) for kind in _KINDS}
        self._path = JsonPath(extract.items_jsonpath, "items_jsonpath") if extract.items_jsonpath else None
        within = self._path is not None
        self._fields: dict[Kind, list[Field]] = {
            kind: [field_of(name, spec, kind, within) for name, spec in extract.fields.items()] or [_whole_item(within)]
            for kind in _KINDS
        }
        self._constant = {
            kind: [field for field in fields if field.whole_page] for kind, fields in self._fields.items()
        }
        self._url = "url" not in extract.fields

    def extract(self, document: Document) -> list[dict[str, Any]]:
        """The page's raw records, in its order: one for each item, however little is found in it.

        Without items one for the page, but none where no selector finds anything: rules for product pages say nothing
        about the other pages of a crawl. Items beyond MAX_ITEMS are left out and noted. Raises RuleError for what
        shows only on a page: items that are no elements, more than MAX_CHARACTERS selected, an expression that takes
        too long.
        """
        if self._auto is not None:
            return records_of(document, self._auto)
        kind: Kind = "xml" if document.kind == "xml" else "html"
        fields = self._fields[kind]
        items = self._items[kind]
        page = Carried(document)
        root = document.root
        start = {"url": document.url} if self._url else {}
        if self._path is not None:
            found = islice((item for value in page.values for item in self._path.found(value)), MAX_VISITED)
            spread = [part for item in found for part in (item if isinstance(item, list) else (item,))]
            return _records(spread, fields, page, start, {})
        if items is None:
            record, characters = read_record(fields, root, page, MAX_CHARACTERS, start=start)
            return [record] if characters else []
        nodes = items.nodes(root)
        _refuse_nests(nodes[:MAX_ITEMS], len(fields), document)
        constant = {field.name: field.read(root, page, MAX_CHARACTERS) for field in self._constant[kind]}
        return _records(nodes, fields, page, start, constant)


def check(extract: Extract) -> list[RuleError]:
    """Every rule that cannot be used, for whoever wrote them; empty when all can."""
    whole = {name: getattr(extract, name) for name in ("items", "items_xpath", "items_jsonpath")}
    alone = [Extract.model_validate({name: value}) for name, value in whole.items()]
    # Within items of JSON a field may mean something else than on a page: the simplest path stands for them.
    within = {"items_jsonpath": "$"} if extract.items_jsonpath else {}
    alone += [Extract(**within, fields={name: spec}) for name, spec in extract.fields.items()]
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


def _records(
    items: Sequence[Any], fields: list[Field], page: Carried, start: dict[str, Any], constant: dict[str, Any]
) -> list[dict[str, Any]]:
    if len(items) > MAX_ITEMS:
        page.document.notes.append(f"The page has {len(items)} items; {MAX_ITEMS} were read.")
    records, room = [], MAX_CHARACTERS
    for item in items[:MAX_ITEMS]:
        record, found = read_record(fields, item, page, room, constant, start)
        room -= found
        records.append(record)
    return records


def _whole_item(within: bool) -> Field:
    """Items without fields: their text is the record, or the value of JSON that they are."""
    if within:
        return field_of("value", FieldSpec(jsonpath="$", type="object"), "html", within)
    return PlainField("text", "text", (Selected(xpath(".", "items")),), None)
