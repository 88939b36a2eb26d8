"""No body may carry a field that nobody asked for: a member that is passed on unread today is a role tomorrow."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.unit.api.conftest import Client
from tests.unit.api.test_openapi import operations, resolved

_OAUTH = {f"/oauth/{name}" for name in ("token", "revoke", "introspect")}
"""What is unknown there must be ignored (RFC 6749, sections 3.1 and 3.2); what is known is read by name."""


def objects(document: dict[str, Any], schema: dict[str, Any], seen: set[str]) -> Iterator[dict[str, Any]]:
    """Every schema with members of its own that a body may contain, however deep."""
    name = schema.get("$ref", "")
    if name in seen:
        return
    if name:
        seen.add(name)
    schema = resolved(document, schema)
    if "properties" in schema:
        yield schema
    inner = [option for key in ("anyOf", "oneOf", "allOf") for option in schema.get(key, ())]
    inner += [*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")]
    for each in inner:
        if isinstance(each, dict):
            yield from objects(document, each, seen)


async def test_every_body_of_every_operation_forbids_what_it_does_not_name(client: Client) -> None:
    document = client.app.openapi()
    bodies = [
        (f"{method} {path}", content["schema"])
        for method, path, operation in operations(document)
        for content in operation.get("requestBody", {}).get("content", {}).values()
        if path not in _OAUTH
    ]
    assert len(bodies) > 40
    open_ones = {
        f"{where}: {schema.get('title')}"
        for where, body in bodies
        for schema in objects(document, body, set())
        if schema.get("additionalProperties", True) is True
    }
    assert open_ones == set()


@pytest.mark.parametrize(("method", "tail"), [("PUT", ""), ("PATCH", ""), ("POST", "/clone")])
async def test_a_change_of_a_job_is_held_against_the_description(client: Client, method: str, tail: str) -> None:
    """Its schema is open, for it is checked when it has been merged."""
    headers = await client.headers("anna")
    made = await client.http.post("/api/v1/jobs", headers=headers, json={"url": "http://shop.test/"})
    path = made.json()["links"]["self"] + tail
    for field in ("owner", "id", "status", "created_at"):
        answer = await client.http.request(method, path, headers=headers, json={field: str(uuid4())})
        assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (422, field)
