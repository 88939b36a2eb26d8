"""API keys: what they may do, never more, and never anything with the account."""

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from api.auth import keys
from tests.unit.api.conftest import Client, World, listening
from tests.unit.api.patient import connect
from tests.unit.api.test_streams import until

JOB = {"url": "http://shop.test/"}


async def made(client: Client, username: str = "anna", **fields: Any) -> dict[str, Any]:
    headers = await client.headers(username)
    answer = await client.http.post("/api/v1/auth/keys", json={"name": "k", **fields}, headers=headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_key_does_what_it_was_given_of_what_its_owner_may_now(client: Client) -> None:
    reading, writing, whole = (
        await made(client, scopes=["read_data"]),
        await made(client, scopes=["manage_jobs", "read_data"]),
        await made(client),
    )
    assert (reading["scopes"], writing["scopes"], whole["scopes"]) == (
        ["read_data"],
        ["read_data", "manage_jobs"],
        None,
    )
    for key, status in ((reading, 403), (writing, 202), (whole, 202)):
        for headers in ({"X-API-Key": key["key"]}, {"Authorization": f"Bearer {key['key']}"}):
            assert (await client.http.get("/api/v1/jobs", headers=headers)).status_code == 200
            assert (await client.http.post("/api/v1/scrape", json=JOB, headers=headers)).status_code == status
    client.world.accounts.change(client.world.ids["anna"], role="viewer")
    client.gateway.callers.forget()
    for key in (writing, whole):
        answer = await client.http.post("/api/v1/scrape", json=JOB, headers={"X-API-Key": key["key"]})
        assert answer.status_code == 403


async def test_an_administrators_reading_key_sees_its_owners_objects_alone(client: Client) -> None:
    foreign = await client.scrape(await client.headers("anna"))
    for scopes, status in ((["read_data"], 404), (None, 200)):
        key = await made(client, "root", scopes=scopes)
        answer = await client.http.get(foreign["links"]["self"], headers={"X-API-Key": key["key"]})
        assert answer.status_code == status


async def test_nobody_gives_a_key_what_they_may_not_do_themselves(client: Client) -> None:
    headers = await client.headers("anna")
    for scopes in (["admin"], ["read_data", "export_data"]):
        answer = await client.http.post("/api/v1/auth/keys", json={"name": "k", "scopes": scopes}, headers=headers)
        assert answer.status_code == 422 and answer.json()["error"]["details"]["field"] == "scopes"
    wrong: list[dict[str, Any]] = [{"scopes": []}, {"scopes": ["everything"]}, {"user_id": "x"}, {"role": "admin"}]
    for fields in wrong:
        answer = await client.http.post("/api/v1/auth/keys", json={"name": "k", **fields}, headers=headers)
        assert answer.status_code == 422
    assert not client.world.accounts.api_keys


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/auth/keys"),
        ("DELETE", "/api/v1/auth/keys/{id}"),
        ("POST", "/api/v1/auth/logout"),
        ("POST", "/auth/logout"),
        ("POST", "/api/auth/logout"),
        ("POST", "/api/v2/auth/logout"),
        ("POST", "/api/v1/oauth/clients"),
    ],
)
async def test_a_scoped_key_changes_no_account(client: Client, method: str, path: str) -> None:
    scopes = [
        "read_data",
        "create_reports",
        "manage_jobs",
        "export_data",
        "system_monitoring",
        "user_management",
        "admin",
    ]
    key, whole = await made(client, "root", scopes=scopes), await made(client, "root")
    answer = await client.http.request(
        method, path.format(id=whole["id"]), json={"name": "k"}, headers={"X-API-Key": key["key"]}
    )
    assert answer.status_code == 403 and "sign in" in answer.json()["error"]["message"]
    assert len(client.world.accounts.api_keys) == 2
    answer = await client.http.get("/api/v1/auth/me", headers={"X-API-Key": key["key"]})
    assert answer.status_code == 200


async def test_one_key_is_shown_with_its_last_use_and_address_and_never_its_secret(client: Client) -> None:
    key, headers = await made(client), await client.headers("anna")
    await client.http.get("/api/v1/jobs", headers={"X-API-Key": key["key"]})
    shown = (await client.http.get(f"/api/v1/auth/keys/{key['id']}", headers=headers)).json()
    assert shown["last_used"] and shown["last_address"] == "192.0.2.7" and "key" not in shown
    assert key["key"] not in str(client.world.accounts.api_keys)
    for stranger in ("otto", "root"):
        answer = await client.http.get(f"/api/v1/auth/keys/{key['id']}", headers=await client.headers(stranger))
        assert answer.status_code == 404
    assert (await client.http.get("/api/v1/auth/keys/nonsense", headers=headers)).status_code == 404


async def test_an_account_has_a_bounded_number_of_keys(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MAX_KEYS", 2)
    first, _ = await made(client), await made(client)
    headers = await client.headers("anna")
    answer = await client.http.post("/api/v1/auth/keys", json={"name": "k"}, headers=headers)
    assert answer.status_code == 409
    await client.http.delete(f"/api/v1/auth/keys/{first['id']}", headers=headers)
    assert await made(client)


async def test_a_socket_is_for_keys_that_may_read(world: World) -> None:
    async with listening(world, socket_check=0.05, sign_in_freshness=0.05) as (address, client):
        job = await client.scrape(await client.headers("anna"))
        client.world.jobs.change(job["run_id"], state="running")
        url = f"ws://{address}{job['links']['stream']}"
        reading, writing = await made(client, scopes=["read_data"]), await made(client, scopes=["create_reports"])
        async with connect(url, additional_headers={"X-API-Key": reading["key"]}) as socket:
            await until(socket, "status")
            await client.http.delete(f"/api/v1/auth/keys/{reading['id']}", headers=await client.headers("anna"))
            with pytest.raises(ConnectionClosed):
                while True:
                    await socket.recv()
        async with connect(url) as socket:
            await socket.send(json.dumps({"type": "auth", "data": {"token": writing["key"]}}))
            with pytest.raises(ConnectionClosed) as caught:
                while True:
                    await socket.recv()
            assert caught.value.rcvd is not None and caught.value.rcvd.code == 1008
