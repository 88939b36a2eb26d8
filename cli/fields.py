"""`--field price=.price::text:price`: one field of a record, as people type it."""

from pathlib import Path
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


def changes(items: str | None, fields: list[str], key: list[str], rules: Path | None) -> dict[str, Any]:
    """The parts of a job description that are to be other than the job's, by options or by a file of JSON; WrongUse for
    both at once, and for a file that has something else in it."""
    if rules is None:
        given = extract(items, fields, key)
        return {"extract": given} if given else {}
    if items is not None or fields or key:
        raise WrongUse("Give the rules either by --rules or by options such as --items and --field.")
    import orjson

    try:
        found = orjson.loads(rules.read_bytes())
    except (OSError, ValueError) as problem:
        raise WrongUse(f"{rules} cannot be read as JSON: {problem}") from problem
    if not isinstance(found, dict) or not found.keys() <= {"extract", "clean", "filters"}:
        raise WrongUse(f'{rules} must be an object such as {{"extract": {{…}}}}, with extract, clean or filters.')
    return found
