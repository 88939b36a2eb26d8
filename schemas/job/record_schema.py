"""Which JSON Schemas a job may bring: those whose cost can be bounded."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from schemas.codec import dumps
from schemas.job.strings import Pattern

MAX_BYTES = 20_000
_DEEPEST = 20
_REFUSED = {
    "patternProperties": "name the fields in properties",
    "unevaluatedProperties": "use additionalProperties",
    "unevaluatedItems": "use items",
    "$dynamicRef": "use $ref",
    "$id": "leave it out, since nothing refers to it",
    "$schema": "leave it out: it is JSON Schema 2020-12",
}
_NAMED = ("properties", "$defs", "dependentSchemas")
_pattern = TypeAdapter(Pattern)


def check_record_schema(schema: dict[str, Any]) -> None:
    """Raises ValueError, which names the place, for what is no JSON Schema or could cost without bound."""
    if len(dumps(schema)) > MAX_BYTES:
        raise ValueError(f"the schema is larger than {MAX_BYTES} bytes")
    _walk(schema, "schema", 0)
    from jsonschema import Draft202012Validator  # a tenth of a second, which few jobs need
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as problem:
        place = ".".join(map(str, ["schema", *problem.absolute_path]))
        raise ValueError(f"{place}: {problem.message[:300]}") from problem


def _walk(schema: Any, place: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError(f"{place}: nested deeper than {_DEEPEST}")
    if isinstance(schema, list):
        for index, part in enumerate(schema):
            _walk(part, f"{place}.{index}", depth + 1)
    if not isinstance(schema, dict):
        return
    for name, part in schema.items():
        here = f"{place}.{name}"
        if name in ("const", "enum", "default", "examples"):
            continue
        if name in _NAMED and isinstance(part, dict):
            for field, inner in part.items():
                _walk(inner, f"{here}.{field}", depth + 1)
            continue
        if name in _REFUSED:
            raise ValueError(f"{here}: this keyword is not supported; {_REFUSED[name]}")
        if name == "$ref" and not (isinstance(part, str) and part.startswith("#/$defs/")):
            raise ValueError(f"{here}: refers to #/$defs/ only")
        if name == "pattern":
            _check_pattern(part, here)
        _walk(part, here, depth + 1)


def _check_pattern(pattern: Any, place: str) -> None:
    try:
        _pattern.validate_python(pattern)
    except ValidationError as problem:
        raise ValueError(f"{place}: {problem.errors()[0]['msg']}") from problem
