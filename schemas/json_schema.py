"""JSON Schemas (2020-12) of everything that travels, made from the Structs and from the job description's model.

Only words that mean the same in draft 07 are used, because AsyncAPI's own schemas are built on that draft.
"""

import re
from collections.abc import Mapping
from copy import deepcopy
from inspect import cleandoc
from typing import Any, TypeAlias

import msgspec
import orjson

from schemas.job import JobDescription
from schemas.topics import topics

Schema: TypeAlias = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
JOB = JobDescription.__name__

_NAMED = frozenset({"properties", "patternProperties"})
_INNER = frozenset({"items", "additionalProperties", "anyOf", "allOf", "prefixItems"})
_referred = re.compile(rb'"\$ref":"[^"]*/([^"/]+)"').findall


def definitions(prefix: str = "#/$defs/") -> dict[str, Schema]:
    """Every named shape; references among them are `prefix` and the name."""
    structs = [topic.struct for topic in topics().values() if topic.struct]
    _, found = msgspec.json.schema_components(structs, ref_template=prefix + "{name}")
    job = JobDescription.model_json_schema(ref_template=prefix + "{model}")
    named = {**found, **job.pop("$defs"), JOB: job}
    named["ScrapeRequest"]["properties"]["job"] = {"anyOf": [{"$ref": prefix + JOB}, {"type": "null"}], "default": None}
    _accept_short_forms(named[JOB], named["Extract"], named["Options"])
    return {name: {"title": name, **_tidied(schema)} for name, schema in named.items()}


def standalone(name: str) -> Schema:
    """The schema of one shape with all that it refers to, as a document of its own."""
    named = definitions()
    needed = _reached(name, named) - {name}
    inner = {"$defs": {other: named[other] for other in named if other in needed}} if needed else {}
    return {"$schema": DIALECT, **named[name], **inner}


def _reached(name: str, named: Mapping[str, Schema]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(other.decode() for other in _referred(orjson.dumps(named[one])))
    return found


def _accept_short_forms(job: Schema, extract: Schema, options: Schema) -> None:
    """What the model also takes and brings into the one long form; its own schema speaks of the long form alone."""
    names = extract["properties"]["fields"]
    ((pattern, spec),) = names["patternProperties"].items()
    css = {"type": "string", "maxLength": 1000, "description": "Short for `css`."}
    names |= {"patternProperties": {pattern: {"anyOf": [spec, css]}}, "additionalProperties": False}
    keys = extract["properties"]["key"]
    extract["properties"]["key"] = {"anyOf": [keys, keys["items"]], "description": keys.pop("description")}
    job["properties"] |= {
        "url": {**job["properties"]["urls"]["items"], "description": "Short for `urls` with one."},
        "selectors": {**deepcopy(names), "description": "An older name of `extract.fields`."},
        "config": {"type": "object", "description": "An older place of all other members and of the options."},
        "retry_config": {"type": "object", "description": "An older place of the options that say how stubborn it is."},
    }
    job["anyOf"] = [
        {"required": [name], "properties": {name: {"minItems": 1}}} for name in ("urls", "sitemaps", "feeds")
    ] + [{"required": [name]} for name in ("url", "config")]
    for name in ("render", "freshness"):
        options["properties"][name]["anyOf"].append({"type": "boolean"})


def _tidied(schema: Schema) -> Schema:
    """Without titles that repeat the names, with unwrapped descriptions, pairs as arrays of two."""
    kept: Schema = {}
    for word, value in schema.items():
        if word in _NAMED:
            kept[word] = {name: _tidied(inner) for name, inner in value.items()}
        elif word in _INNER and isinstance(value, dict):
            kept[word] = _tidied(value)
        elif word in _INNER and isinstance(value, list):
            kept[word] = [_tidied(inner) for inner in value]
        elif word == "description":
            kept[word] = re.sub(r"(?<!\n)\n(?!\n)", " ", cleandoc(value))
        elif word != "title":
            kept[word] = value
    return _without_tuple(kept)


def _without_tuple(schema: Schema) -> Schema:
    """A tuple of one type needs no `prefixItems`, which draft 07 spells otherwise."""
    places = schema.get("prefixItems")
    if places is None or any(place != places[0] for place in places):
        return schema
    return {word: value for word, value in schema.items() if word != "prefixItems"} | {"items": places[0]}
