"""Stored credentials of sites at the gateway: taken, named by jobs, never shown again."""

from typing import Any

import pytest

from tests.unit.api.conftest import Client

SECRET = "open-sesame"
ASKED: dict[str, Any] = {"name": "members", "kind": "basic", "host": "Members.Example.com:443", "username": "u",
                         "secret": SECRET}  # fmt: skip


async def test_they_are_kept_listed_and_removed_and_the_secret_is_never_shown(client: Client) -> None:
    anna = await client.headers("anna")
    made = await client.http.post("/api/v1/auth/credentials", json=ASKED, headers=anna)
    assert made.status_code == 201, made.text
    assert made.json()["host"] == "members.example.com"
    listed = await client.http.get("/api/v1/auth/credentials", headers=anna)
    assert [one["name"] for one in listed.json()["credentials"]] == ["members"]
    again = await client.http.post("/api/v1/auth/credentials", json=ASKED, headers=anna)
    assert again.status_code == 409
    kept = client.world.credentials
    assert [secret.secret for _, secret in kept.kept.values()] == [SECRET]
    removed = await client.http.delete(made.headers["Location"], headers=anna)
    assert removed.status_code == 200
    assert kept.kept == {}
    assert [act.action for act in kept.acts] == ["credentials_added", "credentials_removed"]
    assert SECRET not in made.text + listed.text + again.text + removed.text + str(kept.acts)


async def test_they_are_their_owners_alone(client: Client) -> None:
    anna, otto, root = [await client.headers(name) for name in ("anna", "otto", "root")]
    made = (await client.http.post("/api/v1/auth/credentials", json=ASKED, headers=anna)).json()
    for other in (otto, root):
        assert (await client.http.get("/api/v1/auth/credentials", headers=other)).json() == {"credentials": []}
        assert (await client.http.delete(f"/api/v1/auth/credentials/{made['id']}", headers=other)).status_code == 404
        assert (await _job(client, other)).status_code == 422
    assert (await _job(client, anna)).status_code == 202
    unknown = await _job(client, anna, "others")
    assert unknown.status_code == 422
    assert unknown.json()["error"]["details"]["field"] == "options.credentials"


@pytest.mark.parametrize("again", ["start", "retry"])
async def test_a_job_is_not_started_again_without_those_that_it_names(client: Client, again: str) -> None:
    anna, root = await client.headers("anna"), await client.headers("root")
    made = (await client.http.post("/api/v1/auth/credentials", json=ASKED, headers=anna)).json()
    first = (await _job(client, anna)).json()
    way = f"/api/v1/jobs/{first['job_id']}/{again}"
    client.world.jobs.change(first["run_id"], state="completed")
    second = await client.http.post(way, headers=root)
    assert second.status_code == 202, "an administrator starts it with what its owner has stored"
    client.world.jobs.change(second.json()["run_id"], state="completed")
    await client.http.delete(f"/api/v1/auth/credentials/{made['id']}", headers=anna)
    refused = await client.http.post(way, headers=anna)
    assert refused.status_code == 422
    assert refused.json()["error"]["details"]["field"] == "options.credentials"


async def _job(client: Client, headers: dict[str, str], name: str = "members") -> Any:
    job = {"url": "https://members.example.com/", "options": {"credentials": name}}
    return await client.http.post("/api/v1/scrape", json=job, headers=headers)


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "members.example.com/path"}, {"host": "user@members.example.com"}, {"host": ""}, {"host": "a b"},
        {"username": ""}, {"username": "a:b"}, {"kind": "bearer"}, {"kind": "bearer", "username": "", "secret": "a\nb"},
        {"kind": "header", "username": ""}, {"kind": "header", "username": "", "label": "Host"},
        {"kind": "header", "username": "", "label": "X Y"},
        {"kind": "cookie", "username": "", "label": "c", "secret": "a;b"},
        *({"kind": "bearer", "username": "", "secret": bad} for bad in (f"{SECRET} ", f" {SECRET}", f"{SECRET}\x01")),
        {"kind": "header", "username": "", "label": "X-Key", "secret": f"{SECRET}\t"},
        {"secret": ""}, {"kind": "digest"}, {"scheme": "ftp"}, {"owner": "root"}, {"name": "a\u0000b"},
    ],
)  # fmt: skip
async def test_what_cannot_be_sent_is_refused_without_repeating_the_secret(
    wrong: dict[str, Any], client: Client
) -> None:
    answer = await client.http.post(
        "/api/v1/auth/credentials", json=ASKED | wrong, headers=await client.headers("anna")
    )
    assert answer.status_code == 422, answer.text
    assert SECRET not in answer.text
    assert client.world.credentials.kept == {}
