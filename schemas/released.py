"""A released version never changes: what a shape meant when it was released, compared with what it means now.

`python -m schemas.generate --release` writes the meaning of shapes that are new into `generated/released.json` and
leaves what is there. A member may still be added later if it has a default, so that old messages stay readable.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files

import yaml

from schemas.json_schema import Schema, definitions

Meaning = dict[str, str]
"""Path of each value (`.member`, `[]` an array's, `{}` a map's, `|n` the n-th alternative) → what may stand there."""

FILE = "released.json"
_REQUIRED = "required "
_WORDS = frozenset({"title", "description", "examples"})
_PARTS = frozenset({"properties", "patternProperties", "additionalProperties", "items", "anyOf", "allOf"})
_last = re.compile(r"(\.[^.\[{|]+|\[\]|\{\}|\|\d+)$").search


def released() -> dict[str, Meaning]:
    """What was released, by the shape's name."""
    return dict(json.loads(files("schemas").joinpath("generated", FILE).read_text()))


def meanings() -> dict[str, Meaning]:
    """What every shape means now."""
    return {name: meaning(schema) for name, schema in definitions().items()}


def meaning(schema: Schema) -> Meaning:
    """The schema without its words, flat, so that a change is one line of a diff."""
    return dict(_walk(schema, "", ""))


def changes(before: Mapping[str, Meaning], now: Mapping[str, Meaning]) -> list[str]:
    """Each breach of the promise as a sentence; empty when it is kept."""
    breaches = []
    for name, past in before.items():
        present = now.get(name, {})
        for path, meant in past.items():
            if present.get(path) != meant:
                breaches.append(f"{name}{path} was {meant}, is {present.get(path, 'gone')}")
        breaches += [f"{name}{path} is new and not optional" for path in present if _breaks(path, past, present)]
    return breaches


def _breaks(path: str, past: Meaning, present: Meaning) -> bool:
    """Whether something new is more than a member with a default, or a part of one."""
    found = _last(path)
    if path in past or found is None or path[: found.start()] not in past:
        return False
    return path[found.start()] != "." or present[path].startswith(_REQUIRED)


def _walk(schema: Schema, path: str, mark: str) -> Iterator[tuple[str, str]]:
    parts = _PARTS | {"required"} if "properties" in schema else _PARTS
    if "$ref" in schema:
        parts = parts | {"default"}  # the members of what is referred to say their own
    rules = {word: rule for word, rule in schema.items() if word not in _WORDS | parts or isinstance(rule, bool)}
    yield path, mark + yaml.safe_dump(rules, default_flow_style=True, allow_unicode=True, width=math.inf).strip()
    for name, inner in schema.get("properties", {}).items():
        yield from _walk(inner, f"{path}.{name}", _REQUIRED if name in schema.get("required", ()) else "")
    for inner in schema.get("patternProperties", {}).values():
        yield from _walk(inner, path + "{}", "")
    for word, sign in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(schema.get(word), dict):
            yield from _walk(schema[word], path + sign, "")
    for word in ("anyOf", "allOf"):
        for number, inner in enumerate(schema.get(word, ())):
            yield from _walk(inner, f"{path}|{number}", "")
