"""The OpenAPI document and the gateway that it describes, played against each other by schemathesis: no server error,
no undocumented status, no answer that its schema does not allow."""

import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks, not_a_server_error
from schemathesis.core.failures import FailureGroup

from tests.integration.api.conftest import Served

load_all_checks()
_NAMES = ("status_code_conformance", "content_type_conformance", "response_schema_conformance",
          "response_headers_conformance")  # fmt: skip
CHECKED: list[Any] = [not_a_server_error, *CHECKS.get_by_names(_NAMES)]
EXAMPLES = int(os.environ.get("TRAWL_TEST_EXAMPLES", "8"))
"""For each operation, valid and invalid ones each; `make fuzz` plays many more."""

_SLOW = {"/api/v1/scrape/estimate": 1, "/api/v1/scrape/validate": 1, "/api/v1/jobs/{job_id}/preview": 1}
"""What waits for other processes, which do not run here."""
_PARTS = 10
"""Of the document, a test each: its bound on time is not the whole document's, which grows."""
_OUT = {"/api/v1/auth/logout", "/auth/logout"}
"""Signing out would end the play."""


@pytest.fixture(scope="module")
def known(served: Served) -> Iterator[tuple[httpx.Client, dict[str, str]]]:
    """A program's client with every right, and ids that exist."""
    with httpx.Client(base_url=served.url, trust_env=False, timeout=30) as client:
        tokens = client.post("/api/v1/auth/login", json={"username": "admin", "password": served.password}).json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        key = client.post("/api/v1/auth/keys", json={"name": "play"}).json()["key"]
        client.headers["Authorization"] = f"Bearer {key}"
        made = client.post("/api/v1/scrape", json={"url": "http://shop.test/"}).json()
        yield client, {"job_id": made["job_id"], "run_id": made["run_id"]}


@pytest.fixture(scope="module")
def all_operations(served: Served, known: tuple[httpx.Client, dict[str, str]]) -> list[Any]:
    """As the document has them, but for what would end the play."""
    client, _ = known
    document = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    document.config.update(base_url=served.url)
    results: Iterator[Any] = document.get_all_operations()
    found = [result.ok() for result in results]
    assert len(found) > 100
    return [operation for operation in found if operation.path not in _OUT]


@pytest.mark.parametrize("part", range(_PARTS))
def test_the_document_tells_the_truth(
    part: int, all_operations: list[Any], known: tuple[httpx.Client, dict[str, str]]
) -> None:
    client, ids = known
    found: dict[str, str] = {}
    for operation in all_operations[part::_PARTS]:
        given_ids = {name: ids[name] for name in ids if f"{{{name}}}" in operation.path}
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            with_ids: list[dict[str, Any]] = [{}, {"path_parameters": given_ids}] if given_ids else [{}]
            for more in with_ids:
                problem = _played(operation, mode, client, more)
                if problem:
                    found.setdefault(f"{operation.label} {mode.value}", problem)
    assert not found, "\n\n".join(f"{label}\n{problem}" for label, problem in found.items())


def _played(operation: Any, mode: GenerationMode, client: httpx.Client, more: dict[str, Any]) -> str:
    examples = _SLOW.get(operation.path, EXAMPLES)

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=operation.as_strategy(mode, **more))
    def play(case: Case[Any]) -> None:
        case.call_and_validate(headers={"Authorization": client.headers["Authorization"]}, checks=CHECKED, timeout=30)

    try:
        play()
    except FailureGroup as group:
        return "\n".join(str(failure) for failure in group.exceptions)[:1500]
    except Unsatisfiable:
        return ""  # nothing about an operation without parameters can be invalid
    except Exception as problem:  # whatever ends the play of one operation must not hide the others
        return repr(problem)[:1500]
    return ""
