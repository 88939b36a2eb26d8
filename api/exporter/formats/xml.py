"""XML 1.0: an element a record and an element a field, with what kind of value it is. It says all that JSON says, but
for characters that XML cannot hold."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO
from xml.sax.saxutils import escape, quoteattr

import orjson

from api.exporter.formats.prose import NOT_XML
from api.exporter.formats.writer import Heading
from schemas.exports import Entry
from schemas.ledger import StoredRecord
from schemas.moments import rfc3339

_NAME = re.compile(r"(?![xX][mM][lL])[A-Za-z_][A-Za-z0-9_.-]*").fullmatch
"""Names that an element may have in every reader; those that begin with xml are reserved."""

_DEEPEST = 30
"""What is nested deeper stands as JSON: readers give up somewhere beyond."""


class XmlFile:
    """Records one after the other, of which none is held."""

    contents = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def begin(self, heading: Heading) -> None:
        """What it is of."""
        said = _attributes(job_id=heading.job_id, run_id=heading.run_id, name=heading.name, dataset=heading.dataset,
                           exported_at=heading.at)  # fmt: skip
        self._say(f'<?xml version="1.0" encoding="UTF-8"?>\n<export{said}>\n')

    def enter(self, entries: Sequence[Entry]) -> None:
        """It has no contents."""

    def add(self, records: Sequence[StoredRecord]) -> None:
        """Records."""
        for record in records:
            said = _attributes(id=record.id, key=record.key, url=record.url, fetched_at=rfc3339(record.fetched_at))
            fields = ["".join(_field(name, value, 1)) for name, value in orjson.loads(record.data).items()]
            self._say("\n  ".join([f"<record{said}>", *fields]) + "\n</record>\n")

    def end(self) -> None:
        """The end of it all."""
        self._say("</export>\n")

    def _say(self, text: str) -> None:
        self._file.write(text.encode())


def _field(name: str, value: Any, depth: int) -> Iterator[str]:
    """An element of a field's name; of one that is no name for an element the name is an attribute."""
    if _NAME(name):
        return _element(name, "", value, depth)
    return _element("field", _attributes(name=name), value, depth)


def _element(tag: str, more: str, value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield f"<{tag}{more}>{_text(value)}</{tag}>"
    elif value is None:
        yield f'<{tag}{more} type="null"/>'
    elif isinstance(value, bool | int | float):
        kind = "boolean" if isinstance(value, bool) else "number"
        yield f'<{tag}{more} type="{kind}">{orjson.dumps(value).decode()}</{tag}>'
    elif depth > _DEEPEST:
        yield f'<{tag}{more} type="json">{_text(orjson.dumps(value).decode())}</{tag}>'
    else:
        yield f'<{tag}{more} type="{"list" if isinstance(value, list) else "object"}">'
        if isinstance(value, list):
            for one in value:
                yield from _element("item", "", one, depth + 1)
        else:
            for name, one in value.items():
                yield from _field(name, one, depth + 1)
        yield f"</{tag}>"


def _text(text: str) -> str:
    """As it may stand in an element; a carriage return would be read as a line's end."""
    return escape(_held(text), {"\r": "&#13;"})


def _attributes(**values: str) -> str:
    return "".join(f" {name}={quoteattr(_held(value))}" for name, value in values.items())


def _held(text: str) -> str:
    return NOT_XML.sub("\ufffd", text)
