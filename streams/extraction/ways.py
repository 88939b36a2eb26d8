"""The ways to find a value, compiled: a place in a page goes in, raw values come out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from schemas.events.records import FieldType
from schemas.job.extract import Finding
from streams.extraction.document import Kind
from streams.extraction.embedded import Carried, read_json
from streams.extraction.errors import RuleError
from streams.extraction.json_paths import JsonPath
from streams.extraction.microdata import items_of
from streams.extraction.patterns import Expression
from streams.extraction.properties import PropertyPath
from streams.extraction.readings import reading_of
from streams.extraction.selectors import Selector, css, xpath
from streams.extraction.text import text_of
from streams.extraction.values import as_text, raw_value, size_of, storable

MAX_VALUES = 20_000
"""Values of one field on one page at most."""


class Way(Protocol):
    """Where a value is looked for. `at` is an element, or within JSON a value of it. `whole_page`: what it finds does
    not depend on the item."""

    @property
    def whole_page(self) -> bool: ...

    def first(self, at: Any, page: Carried) -> Any:
        """The first raw value that is not blank, or None."""

    def all(self, at: Any, page: Carried, room: int) -> list[Any]:
        """Every one; RuleError beyond `room` characters."""

    def places(self, at: Any, page: Carried) -> Sequence[Any]:
        """What fields within this field are looked for in: elements, or values of JSON."""


@dataclass(frozen=True, slots=True)
class Selected:
    """By CSS or XPath."""

    selector: Selector

    @property
    def whole_page(self) -> bool:
        return self.selector.whole_page

    def first(self, at: Any, page: Carried) -> Any:
        return self.selector.first(at)

    def all(self, at: Any, page: Carried, room: int) -> list[Any]:
        return self.selector.values(at, room)

    def places(self, at: Any, page: Carried) -> Sequence[Any]:
        return self.selector.nodes(at)


class _Values:
    """What the ways that find values of JSON have in common."""

    def __init__(self, kind: FieldType, place: str, whole_page: bool) -> None:
        self._kind = kind
        self._place = place
        self.whole_page = whole_page

    def found(self, at: Any, page: Carried) -> Iterator[Any]:
        raise NotImplementedError

    def first(self, at: Any, page: Carried) -> Any:
        return next(self._raw(at, page, self._kind), None)

    def all(self, at: Any, page: Carried, room: int) -> list[Any]:
        values = []
        for value in islice(self._raw(at, page, "text"), MAX_VALUES):
            room -= size_of(value)
            if room < 0:
                raise RuleError(self._place, "selects far more text than the page has; select the innermost values.")
            values.append(value)
        return values

    def places(self, at: Any, page: Carried) -> Sequence[Any]:
        places: list[Any] = []
        for value in self.found(at, page):
            places += value if isinstance(value, list) else [value]
            if len(places) >= MAX_VALUES:
                break
        return places[:MAX_VALUES]

    def _raw(self, at: Any, page: Carried, kind: FieldType) -> Iterator[Any]:
        for value in self.found(at, page):
            parts = value if isinstance(value, list) and kind != "object" else (value,)
            for part in parts:
                raw = raw_value(part, kind)
                if raw is not None:
                    yield raw


class InJson(_Values):
    """By JSONPath: in what is selected, else in the value of JSON one is within, else in all JSON of the page."""

    def __init__(self, path: str, source: Selector | None, within: bool, kind: FieldType, place: str) -> None:
        super().__init__(kind, place, (source is None or source.whole_page) and not within)
        self._path = JsonPath(path, f"{place}.jsonpath")
        self._source = source
        self._within = within

    def found(self, at: Any, page: Carried) -> Iterator[Any]:
        values: list[Any] = page.values
        if self._source is not None:
            texts = self._source.values(at, 50_000_000)
            values = [value for text in texts for value in read_json(text)]
        elif self._within:
            values = [at]
        for value in values:
            yield from self._path.found(value)


class InData(_Values):
    """By a path of properties in JSON-LD or microdata."""

    def __init__(self, path: str, name: str, within: bool, kind: FieldType, place: str) -> None:
        super().__init__(kind, place, name == "json_ld" and not within)
        self._path = PropertyPath(path, f"{place}.{name}")
        self._linked = name == "json_ld"
        self._within = within

    def found(self, at: Any, page: Carried) -> Iterator[Any]:
        if self._within:
            items = [at]
        elif self._linked:
            items = page.linked
        else:
            items = page.microdata if at is page.document.root else items_of(at, page.document.base)
        return self._path.found(items)


class InMeta(_Values):
    """By the name of a meta property."""

    def __init__(self, name: str, kind: FieldType, place: str) -> None:
        super().__init__(kind, place, True)
        self._names = (name.lower(), f"og:{name.lower()}")

    def found(self, at: Any, page: Carried) -> Iterator[Any]:
        for name in self._names:
            yield from page.meta.get(name, ())


class Kept(_Values):
    """What a regular expression keeps of what another way finds; without one, of the item's text or page's source."""

    def __init__(self, inner: Way | None, expression: str, kind: FieldType, place: str) -> None:
        super().__init__(kind, place, inner is not None and inner.whole_page)
        self._inner = inner
        self._expression = Expression(expression, f"{place}.regex")

    def found(self, at: Any, page: Carried) -> Iterator[Any]:
        for text in self._texts(at, page):
            for kept in self._expression.kept(text):
                yield storable(kept)

    def _texts(self, at: Any, page: Carried) -> Iterator[str]:
        if self._inner is not None:
            yield from map(as_text, self._inner.all(at, page, 50_000_000))
        elif at is page.document.root:
            yield page.document.text
        else:
            yield as_text(at) if isinstance(at, str | int | float | dict | list) else text_of(at)


def way_of(finding: Finding, kind: FieldType, markup: Kind, place: str, within: bool = False) -> Way:
    """Compiles one way. `within`: inside a value of JSON, where only paths make sense. Raises RuleError."""
    if within:
        for name in ("css", "xpath", "microdata", "opengraph"):
            if getattr(finding, name):
                raise RuleError(f"{place}.{name}", "finds nothing within JSON; use jsonpath or json_ld there.")
    way = _source(finding, kind, markup, place, within)
    return Kept(way, finding.regex, kind, place) if finding.regex else _sure(way, place)


def _sure(way: Way | None, place: str) -> Way:
    if way is None:
        raise RuleError(place, "says no way to find a value.")
    return way


def _source(finding: Finding, kind: FieldType, markup: Kind, place: str, within: bool) -> Way | None:
    reading = text_of if finding.jsonpath else reading_of(kind)
    selector = None
    if finding.css:
        selector = css(finding.css, markup, f"{place}.css", reading)
    elif finding.xpath:
        selector = xpath(finding.xpath, f"{place}.xpath", reading)
    if finding.jsonpath:
        return InJson(finding.jsonpath, _scripted(selector), within, kind, place)
    if selector is not None:
        return Selected(selector)
    for name in ("json_ld", "microdata"):
        if path := getattr(finding, name):
            return InData(path, name, within, kind, place)
    return InMeta(finding.opengraph, kind, place) if finding.opengraph else None


def _scripted(selector: Selector | None) -> Selector | None:
    """The same selector reading what scripts hold, which is no text for people."""
    if selector is None or selector.reading is not text_of:
        return selector
    return Selector(selector.xpath, _content, selector.place, selector.whole_page)


def _content(node: Any) -> str:
    return str(node.text or "") if len(node) == 0 else text_of(node)
