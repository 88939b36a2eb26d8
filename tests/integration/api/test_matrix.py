"""Each operation of the OpenAPI document × each role × what is theirs and what is somebody else's, on real stores.

What is expected comes from the document alone: `x-permission` and `x-roles` say who may, and nobody but an
administrator may reach what belongs to somebody else.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from infra.postgres.pool import Database
from tests.integration.api.conftest import Served
from tests.integration.api.operations import KNOWN, Operation, operations, things

PASSWORD = "correct horse battery staple"
THERE = {
    "job_id": "/api/v1/jobs/{job_id}",
    "run_id": "/api/v1/jobs/{job_id}/runs/{run_id}",
    "key_id": "/api/v1/auth/keys",
    "credential_id": "/api/v1/auth/credentials",
    "session_id": "/api/v1/auth/sessions",
    "webhook_id": "/api/v1/webhooks/{webhook_id}",
    "delivery_id": "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}",
    "conversion_id": "/api/v1/exports/conversions/{conversion_id}",
}
"""Path parameters that name somebody's own things, and where their owner sees that there is such a thing."""
OWNED = set(THERE)

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

    def misses(self) -> list[str]:
        """Kinds of things of theirs that are not there."""
        return [kind for kind, path in THERE.items() if not self._has(kind, path)]

    def _has(self, kind: str, path: str) -> bool:
        if kind not in self.things:
            return False
        answer = self.client.get(path.format(**self.things))
        return answer.status_code == 200 and self.things[kind] in answer.text


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


Make = Callable[[Person, Collection[str]], dict[str, str]]


@pytest.fixture(scope="module")
def make(served: Served, engines: Any) -> Make:
    """Makes one of each of these kinds for somebody, as far as they may."""

    async def over(run_id: str) -> None:
        async with Database(engines.postgres_owner) as owner:
            await owner.fetch("update runs set state = 'completed', finished_at = now() where id = %s", (run_id,))

    def exported(person: Person) -> dict[str, str]:
        """Of a job of its own: only what is over can be exported, and nobody ends runs here."""
        job = things(person.client, {"job_id"})
        if not job:
            return {}
        asyncio.run(over(job["run_id"]))
        answer = person.client.post(f"/api/v1/exports/{job['job_id']}/convert", json={"format": "csv"})
        return {"conversion_id": answer.json()["conversion_id"]} if answer.status_code < 300 else {}

    def made(person: Person, kinds: Collection[str]) -> dict[str, str]:
        have = things(person.client, kinds)
        return have | exported(person) if "conversion_id" in kinds else have

    return made


@pytest.fixture(scope="module")
def people(served: Served, make: Make) -> Iterator[dict[str, Person]]:
    """Somebody of each role, and the administrator whose things are not theirs."""
    admin = _signed_in(served, "admin", served.password, "admin")
    admin.things = make(admin, OWNED)
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


@pytest.mark.timeout(400)
def test_nobody_reaches_what_is_not_theirs(people: dict[str, Person], document: dict[str, Any]) -> None:
    foreign, wrong, tried = people["admin"].things, [], 0
    assert not people["admin"].misses()
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
    assert not people["admin"].misses(), "and nobody took anything away"


@pytest.mark.timeout(400)
def test_everybody_reaches_what_is_theirs(
    served: Served, people: dict[str, Person], document: dict[str, Any], make: Make
) -> None:
    wrong, tried = [], 0
    kinds: set[str] = set()
    for operation in in_order(document):
        names = set(operation.names) - KNOWN.keys()
        if operation.permission == "none" or not names or not names <= OWNED:
            continue
        for role in operation.roles:
            person = people[role]
            have = make(person, names)
            if "session_id" in names:
                have |= _another_session(served, person)
            if not names <= have.keys():
                continue
            status = asked(operation, person, have).status_code
            tried, kinds = tried + 1, kinds | names
            # Nor a 404: what is asked for has just been made, and a check that refuses its owner would say just that.
            if status != ANSWERED.get(operation.path) and (status in (401, 403, 404) or status >= 500):
                wrong.append(f"{role} {operation.method} {operation.path}: {status}")
    assert tried > 60 and kinds == OWNED and not wrong, "\n".join(wrong)


def _another_session(served: Served, person: Person) -> dict[str, str]:
    """One that this person can do without: ending the one that it calls with would end the play."""
    name, password = ("admin", served.password) if person.role == "admin" else (f"matrix-{person.role}", PASSWORD)
    _signed_in(served, name, password, person.role).client.close()
    sessions = person.client.get("/api/v1/auth/sessions").raise_for_status().json()["sessions"]
    return {"session_id": next(one["id"] for one in sessions if not one["current"])}


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
