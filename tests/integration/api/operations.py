"""The operations of the OpenAPI document as tests play them: each with its parameters and an example as its body."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

KNOWN = {"version": "1", "id": "1"}
"""Path parameters that are no ids of things."""


@dataclass(frozen=True)
class Operation:
    """One of them. `media` are the kinds of body that it takes, each with its part of the document."""

    method: str
    path: str
    permission: str
    roles: tuple[str, ...]
    body: Any
    parameters: tuple[tuple[str, str], ...]
    media: dict[str, Any]

    @property
    def names(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)

    def at(self, things: dict[str, str]) -> str:
        """Its path with these things in it, and ids of nothing where there are none."""
        return re.sub(r"\{(\w+)\}", lambda found: things.get(found[1], KNOWN.get(found[1]) or str(uuid4())), self.path)


def operations(document: dict[str, Any]) -> list[Operation]:
    """All of them, as the document has them."""
    return [
        Operation(
            method.upper(),
            path,
            entry["x-permission"],
            tuple(entry.get("x-roles", ())),
            _body(document, entry),
            tuple((one["in"], one["name"]) for one in entry.get("parameters", ())),
            entry.get("requestBody", {}).get("content", {}),
        )
        for path, entries in document["paths"].items()
        for method, entry in entries.items()
    ]


def _body(document: dict[str, Any], entry: dict[str, Any]) -> Any:
    content = entry.get("requestBody", {}).get("content", {}).get("application/json")
    return None if content is None else example(document, content)


def example(document: dict[str, Any], content: dict[str, Any]) -> Any:
    """A body's first example; {} where there is none."""
    if "example" in content:
        return content["example"]
    for option in (content["schema"], *content["schema"].get("anyOf", ())):
        found = resolved(document, option)
        if found.get("examples"):
            return found["examples"][0]
    return {}


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema that a reference names, or itself."""
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return found


def places(document: dict[str, Any], content: dict[str, Any]) -> list[tuple[str, ...]]:
    """Where in a body something can stand, as paths: the document's fields, and what its example has besides. `*` is an
    element of a list, `?` the name of a field that callers choose."""
    shown = _shown(example(document, content))
    return list(dict.fromkeys([*_declared(document, content["schema"], (), ()), *shown])) or [()]


def _declared(
    document: dict[str, Any], schema: dict[str, Any], path: tuple[str, ...], seen: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    name = schema.get("$ref", "")
    if name in seen:
        return
    seen, schema = ((*seen, name) if name else seen), resolved(document, schema)
    if path:
        yield path
    for option in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _declared(document, option, path, seen)
    for field, inner in schema.get("properties", {}).items():
        yield from _declared(document, inner, (*path, field), seen)
    if "items" in schema:
        yield from _declared(document, schema["items"], (*path, "*"), seen)
    more = schema.get("additionalProperties")
    if more not in (None, False):
        yield from ((*path, "?"), (*path, "any"))
        if isinstance(more, dict):
            yield from _declared(document, more, (*path, "any"), seen)


def _shown(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _shown(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value[:1]:
            yield from _shown(inner, (*path, "*"))


def placed(body: Any, path: tuple[str, ...], value: Any) -> Any:
    """The body with a value at a place; what leads there is made where it is missing."""
    if not path:
        return value
    name, rest = path[0], path[1:]
    if name == "*":
        first = body[0] if isinstance(body, list) and body else None
        return [placed(first, rest, value)]
    body = dict(body) if isinstance(body, dict) else {}
    if name == "?":
        return body | {str(value): value}
    return body | {name: placed(body.get(name), rest, value)}


def found(body: Any, path: tuple[str, ...]) -> Any:
    """What stands at a place; None where there is none."""
    for name in path:
        if name == "*":
            body = body[0] if isinstance(body, list) and body else None
        else:
            body = body.get(name) if isinstance(body, dict) else None
    return body


def things(client: httpx.Client) -> dict[str, str]:
    """One of each kind that this caller may make, by the path parameter that names it."""
    made = {
        "key_id": client.post("/api/v1/auth/keys", json={"name": f"play {uuid4().hex}"}),
        "session_id": client.get("/api/v1/auth/sessions"),
        "job_id": client.post("/api/v1/scrape", json={"url": "http://shop.test/", "name": "matrix"}),
        "credential_id": client.post("/api/v1/auth/credentials", json={
            "name": f"play {uuid4().hex}", "kind": "bearer", "host": "shop.test", "secret": "s"}),
    }  # fmt: skip
    told = {name: answer.json() for name, answer in made.items() if answer.status_code < 300}
    have: dict[str, str] = {name: told[name]["id"] for name in told if name in ("key_id", "credential_id")}
    if "job_id" in told:
        have |= {"job_id": told["job_id"]["job_id"], "run_id": told["job_id"]["run_id"]}
    if told.get("session_id", {}).get("sessions"):
        have["session_id"] = told["session_id"]["sessions"][0]["id"]
    return have
