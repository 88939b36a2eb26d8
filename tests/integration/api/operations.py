"""The operations of the OpenAPI document as tests play them: each with its parameters and an example as its body."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

KNOWN = {"version": "1", "id": "1"}
"""Path parameters that are no ids of things."""
ALL = frozenset({"key_id", "session_id", "job_id", "run_id", "credential_id", "webhook_id", "delivery_id"})
"""Those that name things which a caller can make by asking."""


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
    statuses: frozenset[str] = frozenset()
    """Those that the document says it may answer with."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

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
            frozenset(entry["responses"]),
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
    for more in (schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()):
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


def things(client: httpx.Client, kinds: Collection[str] = ALL) -> dict[str, str]:
    """One of each of these kinds, if this caller may make it, by the path parameter that names it."""
    have: dict[str, str] = {}
    for named, made in _MAKERS.items():
        if not named.isdisjoint(kinds):
            have |= made(client)
    return have


def _told(answer: httpx.Response) -> dict[str, Any]:
    return answer.json() if answer.status_code < 300 else {}


def _key(client: httpx.Client) -> dict[str, str]:
    made = _told(client.post("/api/v1/auth/keys", json={"name": f"play {uuid4().hex}"}))
    return {"key_id": made["id"]} if made else {}


def _session(client: httpx.Client) -> dict[str, str]:
    """One that this caller has, which may be the one that it calls with."""
    found = _told(client.get("/api/v1/auth/sessions")).get("sessions")
    return {"session_id": found[0]["id"]} if found else {}


def _job(client: httpx.Client) -> dict[str, str]:
    job = {"url": "http://shop.test/", "name": "matrix", "schedule": "0 3 * * *"}
    made = _told(client.post("/api/v1/scrape", json=job))
    return {name: made[name] for name in ("job_id", "run_id") if made}


def _credential(client: httpx.Client) -> dict[str, str]:
    asked = {"name": f"play {uuid4().hex}", "kind": "bearer", "host": "shop.test", "secret": "s"}
    made = _told(client.post("/api/v1/auth/credentials", json=asked))
    return {"credential_id": made["id"]} if made else {}


def _user(client: httpx.Client) -> dict[str, str]:
    """Somebody whom nobody else uses."""
    name = f"u{uuid4().hex}"
    asked = {"username": name, "email": f"{name}@example.com", "password": "plum-orbit-canvas-42"}
    made = _told(client.post("/api/v2/users", json=asked)).get("data")
    return {"user_id": made["id"]} if made else {}


def _client(client: httpx.Client) -> dict[str, str]:
    asked = {"name": f"c {uuid4().hex}", "redirect_uris": ["https://board.example/back"], "scopes": ["read_data"]}
    made = _told(client.post("/api/v1/oauth/clients", json=asked))
    return {"client_id": made["client_id"]} if made else {}


def _webhook(client: httpx.Client) -> dict[str, str]:
    """With a delivery that waits: nothing is sent where no notifier runs."""
    asked = {"name": "play", "url": "https://hooks.example.com/trawl", "events": ["run.failed"]}
    made = _told(client.post("/api/v1/webhooks", json=asked))
    if not made:
        return {}
    sent = _told(client.post(f"/api/v1/webhooks/{made['id']}/ping"))
    return {"webhook_id": made["id"]} | ({"delivery_id": sent["id"]} if sent else {})


_MAKERS: dict[frozenset[str], Callable[[httpx.Client], dict[str, str]]] = {
    frozenset({"key_id"}): _key,
    frozenset({"session_id"}): _session,
    frozenset({"job_id", "run_id"}): _job,
    frozenset({"credential_id"}): _credential,
    frozenset({"webhook_id", "delivery_id"}): _webhook,
    frozenset({"user_id"}): _user,
    frozenset({"client_id"}): _client,
}
