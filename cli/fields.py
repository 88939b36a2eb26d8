"""`--field price=.price::text:price`: one field of a record, as people type it."""

from typing import Any, get_args

from cli.errors import WrongUse
from schemas.events.records import FieldType

TYPES: tuple[str, ...] = get_args(FieldType)


def field(text: str) -> tuple[str, dict[str, Any]]:
    """(name, specification) of `name=css[:type]`; WrongUse says what is missing.

    What follows the last colon is a type only if it is the name of one and not part of `::text` or `::attr(…)`.
    """
    name, equals, css = text.partition("=")
    if not equals or not name.strip() or not css.strip():
        raise WrongUse(f"--field {text!r}: write name=css, or name=css:type with type one of {', '.join(TYPES)}.")
    before, colon, last = css.rpartition(":")
    typed = bool(colon) and last in TYPES and bool(before) and not before.endswith(":")
    return name.strip(), {"css": before if typed else css, "type": last if typed else "text"}


def extract(items: str | None, fields: list[str], key: list[str]) -> dict[str, Any]:
    """The `extract` of a job description; empty when nothing was said, so that pages are taken whole."""
    said: dict[str, Any] = {}
    if items:
        said["items"] = items
    if fields:
        said["fields"] = dict(field(text) for text in fields)
    if key:
        said["key"] = key
    return said
