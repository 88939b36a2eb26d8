"""The document: whole, with examples that are true."""

from typing import Any

import httpx
import jsonschema
import pytest
from pydantic import TypeAdapter

from schemas.job import JobDescription
from tests.unit.api.conftest import Client


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, entry[method]) for path, entry in document["paths"].items() for method in entry]


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return found
    return schema


def examples(document: dict[str, Any], content: dict[str, Any]) -> list[Any]:
    """The examples of a body: its own, or those of its schema (for a frame: of what is in it)."""
    schema = resolved(document, content.get("schema", {}))
    found = list(schema.get("examples", []))
    if "data" in schema.get("properties", {}):
        found += resolved(document, schema["properties"]["data"]).get("examples", [])
    if "items" in schema:
        found += resolved(document, schema["items"]).get("examples", [])
    for option in schema.get("anyOf", []):
        found += resolved(document, option).get("examples", [])
    return [*found, *([content["example"]] if "example" in content else [])]


async def test_every_operation_says_what_it_does_needs_and_answers(client: Client) -> None:
    document = client.app.openapi()
    found = operations(document)
    assert len(found) >= 26
    for method, path, operation in found:
        where = f"{method} {path}"
        assert operation["summary"] and len(operation["description"]) > 10, where
        assert operation["x-permission"], where
        assert (operation["x-permission"] == "none") is ("security" not in operation), where
        success = next(answer for status, answer in operation["responses"].items() if status.startswith("2"))
        for kind, content in success["content"].items():
            assert examples(document, content), f"{where}: no example of {kind}"
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert examples(document, content), f"{where}: no example of a body"
        if "requestBody" in operation and path != "/api/v1/scrape" and not path.startswith("/oauth/"):
            assert "422" in operation["responses"], where
        for status, answer in operation["responses"].items():
            if status >= "400" and "ErrorBody" not in str(answer):
                assert status == "414" or (path.endswith("health") and status == "503"), where


async def test_examples_are_valid_against_their_schema(client: Client) -> None:
    document = client.app.openapi()
    tried = 0
    for name, schema in document["components"]["schemas"].items():
        for example in schema.get("examples", []):
            if name == "JobDescription":
                JobDescription.model_validate(example)  # it takes short forms that its schema does not show
            else:
                jsonschema.validate(example, {**schema, "components": document["components"]})
            tried += 1
    assert tried >= 12


@pytest.mark.parametrize("path", ["/openapi.json", "/api/openapi.json", "/docs", "/api/docs", "/redoc", "/api/redoc"])
async def test_the_documentation_is_open_at_both_addresses(client: Client, path: str) -> None:
    answer = await client.http.get(path)
    assert answer.status_code == 200
    if path.endswith("json"):
        assert answer.json() == client.app.openapi()
    else:
        assert "/openapi.json" in answer.text and "script-src" in answer.headers["content-security-policy"]


async def test_the_keys_to_check_tokens_with_are_published(client: Client) -> None:
    import jwt

    token = (await client.headers("anna"))["Authorization"].split()[1]
    keys = jwt.PyJWKSet.from_dict((await client.http.get("/.well-known/jwks.json")).json())
    claims = jwt.decode(token, keys[jwt.get_unverified_header(token)["kid"]].key, ["EdDSA"], audience="trawl-api")
    assert claims["iss"] == "trawl" and claims["sub"] == client.world.ids["anna"]
    assert "d" not in (await client.http.get("/.well-known/jwks.json")).json()["keys"][0]


async def test_answers_keep_to_the_document(client: Client) -> None:
    document = client.app.openapi()
    headers = await client.headers("root")
    made = await client.scrape(headers)
    asked = [
        ("get", "/api/v1/jobs", "/api/v1/jobs"),
        ("get", "/api/v1/jobs/{job_id}", made["links"]["self"]),
        ("get", "/api/v1/jobs/{job_id}/records", made["links"]["records"]),
        ("get", "/api/v1/jobs/{job_id}/urls", made["links"]["urls"]),
        ("get", "/api/v1/trends", "/api/v1/trends"),
        ("get", "/api/v1/auth/me", "/api/v1/auth/me"),
        ("get", "/auth/me", "/auth/me"),
        ("get", "/health", "/health"),
        ("post", "/api/v1/jobs/{job_id}/cancel", made["links"]["cancel"]),
        ("get", "/api/v1/jobs/{job_id}", "/api/v1/jobs/nowhere"),
    ]
    for method, path, address in asked:
        answer: httpx.Response = await client.http.request(method, address, headers=headers)
        schema = document["paths"][path][method]["responses"][str(answer.status_code)]["content"]["application/json"]
        jsonschema.validate(answer.json(), {**schema["schema"], "components": document["components"]})


def test_the_job_description_is_shown_as_it_is() -> None:
    assert TypeAdapter(JobDescription).json_schema()["examples"]
