"""A job's fields, compiled: what is read at one place of a page, and what of it makes a record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from schemas.events.records import FieldType
from schemas.job import FieldSpec
from schemas.job.extract import Finding
from streams.extraction.addresses import joined
from streams.extraction.document import Document, Kind
from streams.extraction.embedded import Carried
from streams.extraction.errors import RuleError
from streams.extraction.values import size_of
from streams.extraction.ways import Way, way_of

MAX_NESTED = 100_000
"""Objects within the records of one page at most."""


class Field(Protocol):
    """One field of a record; `default` is taken where it reads None."""

    @property
    def name(self) -> str: ...

    @property
    def default(self) -> Any: ...

    @property
    def whole_page(self) -> bool:
        """Whether every item has the same value."""

    def read(self, at: Any, page: Carried, room: int) -> Any:
        """The raw value at a place, at most `room` characters."""


class PlainField:
    """A field that has one value, or a list of them."""

    __slots__ = ("_addressed", "_list", "_type", "_ways", "default", "name", "whole_page")

    def __init__(self, name: str, kind: FieldType, ways: Sequence[Way], default: Any) -> None:
        self.name = name
        self.default = default
        self.whole_page = bool(ways) and all(way.whole_page for way in ways)
        self._type = kind
        self._ways = tuple(ways)
        self._list = kind == "list"
        self._addressed = kind in _ADDRESSED

    def read(self, at: Any, page: Carried, room: int) -> Any:
        """A string (or what JSON has), a list of them for type list; None where nothing is found."""
        for way in self._ways:
            value = way.first(at, page) if not self._list else way.all(at, page, room) or None
            if value is not None:
                return self._based(value, page.document) if self._addressed else value
        return None

    def _based(self, value: Any, document: Document) -> Any:
        """An address is left as found, but for a page with a `<base href>`, which no later stage knows of."""
        if document.base == document.url or not isinstance(value, str):
            return value
        if self._type in ("url", "image"):
            return joined(document.base, value)
        return f'<base href="{document.base}">{value}'


@dataclass(frozen=True, slots=True)
class NestedField:
    """A field that has fields: one object, or for type list one for each place that is found."""

    name: str
    many: bool
    ways: tuple[tuple[Way, tuple[Field, ...]], ...]
    default: Any
    whole_page: bool

    def read(self, at: Any, page: Carried, room: int) -> Any:
        for way, fields in self.ways:
            objects = []
            for place in way.places(at, page):
                page.nested += 1
                if page.nested > MAX_NESTED:
                    raise RuleError(f"fields.{self.name}", f"finds more than {MAX_NESTED} objects on this page.")
                record, found = read_record(fields, place, page, room)
                room -= found
                if found and not self.many:
                    return record
                if found:
                    objects.append(record)
            if objects:
                return objects
        return None


def read_record(
    fields: Sequence[Field],
    at: Any,
    page: Carried,
    room: int,
    constant: Mapping[str, Any] | None = None,
    start: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], int]:
    """What fields find at a place, and how many characters it was. `constant`: what was read for all items."""
    record: dict[str, Any] = dict(start) if start else {}
    found = 0
    for field in fields:
        name = field.name
        value = constant[name] if constant and name in constant else field.read(at, page, room - found)
        if value is not None:
            record[name] = value
            found += len(value) if isinstance(value, str) else size_of(value)
            if found > room:
                raise RuleError(f"fields.{name}", "selects far more text than the page has, item by item.")
        elif field.default is not None:
            record[name] = field.default
    return record, found


def field_of(name: str, spec: FieldSpec, markup: Kind, within: bool, above: str = "fields") -> Field:
    """Compiles one field with those in it. Raises RuleError."""
    place = f"{above}.{name}"
    if not spec.fields:
        ways = [way_of(way, spec.type, markup, at, within) for way, at in _placed(spec, place)]
        return PlainField(name, spec.type, ways, spec.default)
    nested = []
    for finding, at in _placed(spec, place):
        if finding.regex or finding.opengraph:
            raise RuleError(at, "a regex or opengraph finds text, in which no fields can be looked for.")
        way = way_of(finding, "object", markup, at, within)
        inside = within or not (finding.css or finding.xpath) or bool(finding.jsonpath)
        fields = tuple(field_of(one, below, markup, inside, f"{place}.fields") for one, below in spec.fields.items())
        nested.append((way, fields))
    whole_page = bool(nested) and all(way.whole_page for way, _ in nested)
    return NestedField(name, spec.type == "list", tuple(nested), spec.default, whole_page)


def _placed(spec: FieldSpec, place: str) -> list[tuple[Finding, str]]:
    if spec.any_of:
        return [(way, f"{place}.any_of[{number}]") for number, way in enumerate(spec.any_of)]
    return [(spec, place)] if spec.finds else []


_ADDRESSED = frozenset({"url", "image", "html", "markdown"})
