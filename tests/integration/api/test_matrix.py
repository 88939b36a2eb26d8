"""Each operation of the OpenAPI document × each role × what is theirs and what is somebody else's, on real stores.

What is expected comes from the document alone: `x-permission` and `x-roles` say who may, and nobody but an
administrator may reach what belongs to somebody else.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.integration.api.conftest import Served
from tests.integration.api.operations import Operation, operations, things

PASSWORD = "correct horse battery staple"
OWNED = {"job_id", "run_id", "key_id", "credential_id", "session_id", "webhook_id", "delivery_id", "conversion_id"}
"""Path parameters that name somebody's own things."""

ANSWERED = {"/auth/mfa/verify": 401, "/auth/mfa/disable": 401, "/api/v1/jobs/{job_id}/preview": 503}
"""What some answer although the caller may ask: a wrong code, and rules that nobody tries where no pages are read."""

LAST = ("logout", "cancel")
"""Operations after which the others would find nothing."""


@dataclass
class Person:
    """Somebody who is signed in, and things of theirs by the path parameter that names them."""

    role: str
    client: httpx.Client
    things: dict[str, str] = field(default_factory=dict)


def in_order(document: dict[str, Any]) -> list[Operation]:
    """What takes away last."""
    found = operations(document)
    return sorted(found, key=lambda one: (one.method == "DELETE", any(word in one.path for word in LAST), one.path))


def asked(operation: Operation, person: Person, things: dict[str, str]) -> httpx.Response:
    return person.client.request(operation.method, operation.at(things), json=operation.body)


def _signed_in(served: Served, name: str, password: str, role: str) -> Person:
    client = httpx.Client(base_url=served.url, trust_env=False, timeout=60)
    answer = client.post("/api/v1/auth/login", json={"username": name, "password": password})
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return Person(role, client)


def _with_things(person: Person) -> Person:
    """One of each kind that this role may make."""
    person.things |= things(person.client)
    return person


@pytest.fixture(scope="module")
def people(served: Served) -> Iterator[dict[str, Person]]:
    """Somebody of each role, and the administrator whose things are not theirs."""
    admin = _with_things(_signed_in(served, "admin", served.password, "admin"))
    found = {"admin": admin}
    for role in ("viewer", "analyst", "senior_analyst", "operator"):
        body = {"username": f"matrix-{role}", "email": f"matrix-{role}@example.com", "password": PASSWORD, "role": role}
        answer = admin.client.post("/api/v2/users", json=body)
        assert answer.status_code in (200, 201), answer.text
        found[role] = _signed_in(served, body["username"], PASSWORD, role)
    yield found
    for person in found.values():
        person.client.close()


@pytest.fixture(scope="module")
def document(people: dict[str, Person]) -> dict[str, Any]:
    found: dict[str, Any] = people["admin"].client.get("/openapi.json").json()
    return found


def test_nobody_reaches_what_is_not_theirs(people: dict[str, Person], document: dict[str, Any]) -> None:
    foreign, wrong, tried = people["admin"].things, [], 0
    assert {"job_id", "run_id", "key_id", "session_id", "credential_id"} <= foreign.keys()
    for operation in in_order(document):
        if operation.permission == "none" or "logout" in operation.path:
            continue
        for role, person in people.items():
            if role == "admin":
                continue
            status = asked(operation, person, foreign).status_code
            may = role in operation.roles
            if not may:
                right = status == 403
            elif OWNED & set(operation.names):
                right = status in (403, 404)
            else:
                right = status == ANSWERED.get(operation.path) or (status not in (401, 403) and status < 500)
            tried += 1
            if not right:
                wrong.append(f"{role} {operation.method} {operation.path}: {status} (may: {may})")
    assert tried > 200 and not wrong, "\n".join(wrong)


def test_everybody_reaches_what_is_theirs(people: dict[str, Person], document: dict[str, Any]) -> None:
    wrong, tried = [], 0
    for operation in in_order(document):
        names = set(operation.names)
        if operation.permission == "none" or not names or not names <= {"job_id", "run_id", "key_id", "credential_id"}:
            continue
        for role in operation.roles:
            person = _with_things(Person(role, people[role].client))
            if not names <= person.things.keys():
                continue
            status = asked(operation, person, person.things).status_code
            tried += 1
            # 404 may stand for what the thing has not got yet: no such version, no export. Never for the thing itself.
            if status != ANSWERED.get(operation.path) and (status in (401, 403) or status >= 500):
                wrong.append(f"{role} {operation.method} {operation.path}: {status}")
    assert tried > 60 and not wrong, "\n".join(wrong)


def test_the_administrator_is_refused_nothing(people: dict[str, Person], document: dict[str, Any]) -> None:
    wrong = []
    for operation in in_order(document):
        if operation.permission == "none" or "logout" in operation.path or "/me" in operation.path:
            continue
        status = asked(operation, people["admin"], {}).status_code
        if status != ANSWERED.get(operation.path) and (status in (401, 403) or status >= 500):
            wrong.append(f"{operation.method} {operation.path}: {status}")
    assert not wrong, "\n".join(wrong)


def test_without_a_sign_in_there_is_nothing_but_the_doors(served: Served, document: dict[str, Any]) -> None:
    with httpx.Client(base_url=served.url, trust_env=False, timeout=60) as client:
        nobody = Person("", client)
        for operation in in_order(document):
            if operation.permission != "none":
                answer = asked(operation, nobody, {})
                assert answer.status_code == 401, (operation.method, operation.path, answer.status_code)
