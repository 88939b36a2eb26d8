"""Every operation of the document, tried by every role, on what is theirs and what is not."""

import itertools
import re
from typing import Any

import httpx
import pytest

from api.auth.permissions import ROLES, Permission, permissions_of
from tests.unit.api.conftest import Client, World

SOMEONE = {"viewer": "vera", "analyst": "anna", "operator": "opal", "admin": "root"}
JOB = {"url": "http://shop.test/"}
BODIES: dict[str, dict[str, Any]] = {
    "/api/v1/scrape": JOB,
    "/api/v1/scrape/validate": JOB,
    "/api/v1/jobs": JOB,
    "/api/v1/jobs/{job_id}": {"name": "n"},
    "/api/v1/jobs/{job_id}/cleanup": {},
    "/api/v1/jobs/{job_id}/run": {"delay": 2.0},
    "/api/v1/jobs/{job_id}/schedule": {"cron": "0 2 * * *"},
    "/api/v1/jobs/{job_id}/preview": {"url": "http://shop.test/"},
    "/api/v1/auth/keys": {"name": "k"},
    "/api/v1/exports/{job_id}/convert": {"format": "csv"},
    "/api/v1/auth/credentials": {"name": "c", "kind": "bearer", "host": "shop.test", "secret": "s"},
}


def operations(client: Client) -> list[tuple[str, str, dict[str, Any]]]:
    document = client.app.openapi()
    return [
        (method.upper(), path, operation)
        for path, entry in document["paths"].items()
        for method, operation in entry.items()
    ]


def filled(path: str, job_id: str) -> str:
    return re.sub(r"\{\w+\}", job_id, path.replace("{version}", "1"))


async def ask(client: Client, method: str, path: str, job_id: str, headers: dict[str, str]) -> httpx.Response:
    body = BODIES.get(path) if method in ("POST", "PUT", "PATCH") else None
    return await client.http.request(method, filled(path, job_id), headers=headers, json=body)


async def test_nothing_but_health_and_the_doors_in_is_open(client: Client) -> None:
    open_ones = {path for _, path, operation in operations(client) if operation["x-permission"] == "none"}
    assert open_ones == {
        "/health", "/api/v1/health", "/api/v1/system/health", "/auth/login", "/auth/refresh", "/api/v1/auth/login",
        "/api/v1/auth/refresh", "/auth/register", "/auth/password-reset", "/auth/password-reset/confirm",
        "/oauth/token", "/oauth/revoke", "/oauth/introspect", "/.well-known/oauth-authorization-server",
    }  # fmt: skip
    for method, path, operation in operations(client):
        answer = await ask(client, method, path, "0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10", {})
        if operation["x-permission"] == "none":
            assert answer.status_code in (200, 400, 422), path
        else:
            assert answer.status_code == 401, (method, path)


async def test_each_operation_needs_what_the_document_says(client: Client) -> None:
    tried = 0
    for role, username in SOMEONE.items():
        for method, path, operation in operations(client):
            needed = operation["x-permission"]
            if needed == "none":
                continue
            headers = await client.headers(username)  # a new session each time: one of the operations is signing out
            owner = client.world.ids[username]
            job = await a_job_of(client.world, owner)
            answer = await ask(client, method, path, job, headers)
            allowed = needed in permissions_of(role)
            assert (answer.status_code == 403) is not allowed, (role, method, path, answer.text)
            assert allowed is (role in operation["x-roles"])
            tried += 1
    assert tried > 60


async def a_job_of(world: World, owner: str) -> str:
    from tests.contract.api.test_jobs import act, opening

    return (await world.jobs.create(opening(owner=owner), act())).job_id


@pytest.mark.parametrize("owner", ["otto", "kafka"])
async def test_what_is_somebody_elses_looks_as_if_it_were_not_there(client: Client, owner: str) -> None:
    job_id = await a_job_of(client.world, client.world.ids.get(owner, owner))
    # An operator: may do everything with jobs, but sees their own alone.
    opal, root = await client.headers("opal"), await client.headers("root")
    for method, path, _ in operations(client):
        if "{job_id}" not in path:
            continue
        foreign = await ask(client, method, path, job_id, opal)
        missing = await ask(client, method, path, "11111111-2222-4333-8444-555555555555", opal)
        assert foreign.status_code == 404 == missing.status_code, (method, path)
        assert {**foreign.json(), "metadata": 0} == {**missing.json(), "metadata": 0}
    assert client.world.jobs.runs[next(iter(client.world.jobs.runs))].cancelled_at is None
    assert (await client.http.get("/api/v1/jobs", headers=opal)).json()["jobs"] == []
    assert len((await client.http.get("/api/v1/jobs", headers=root)).json()["jobs"]) == 1
    assert (await client.http.get(f"/api/v1/jobs/{job_id}", headers=root)).status_code == 200


async def test_another_jobs_run_is_not_shown_through_ones_own_job(client: Client) -> None:
    headers = await client.headers("anna")
    mine = (await client.scrape(headers))["job_id"]
    foreign = await a_job_of(client.world, client.world.ids["otto"])
    run_id = (await client.world.jobs.newest_runs(job_id=foreign, limit=1))[0]
    for what in ("records", "urls"):
        answer = await client.http.get(f"/api/v1/jobs/{mine}/{what}", params={"run_id": run_id}, headers=headers)
        assert answer.status_code == 404


async def test_fields_that_are_not_the_callers_to_set_are_refused(client: Client) -> None:
    headers = await client.headers("anna")
    for extra in ({"owner": "root"}, {"owner_id": "x"}, {"role": "admin"}, {"state": "completed"}, {"id": "x"}):
        answer = await client.http.post("/api/v1/scrape", headers=headers, json={"url": "http://shop.test/", **extra})
        assert answer.status_code == 422
        assert answer.json()["error"]["details"]["field"] == next(iter(extra))
    answer = await client.http.post("/api/v1/auth/keys", headers=headers, json={"name": "k", "user_id": "root"})
    assert answer.status_code == 422


def test_each_role_includes_the_one_before_it_and_an_unknown_role_may_nothing() -> None:
    held = [set(permissions) for permissions in ROLES.values()]
    assert all(lower < higher for lower, higher in itertools.pairwise(held))
    assert held[-1] == set(Permission) and permissions_of("ADMIN") == ()
