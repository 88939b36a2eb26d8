"""OAuth2 clients: registering them, what each may have, and the end of it (RFC 6749, 7009, 7662, 8252, 8414)."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.unit.api.conftest import PASSWORD, Client
from tests.unit.api.programs import BACK, bearer, register, sign_in, told


async def test_a_token_may_do_what_was_consented_to_and_what_its_owner_may_now(client: Client) -> None:
    program = await register(client, scopes=["read_data", "manage_jobs", "system_monitoring", "admin"])
    await sign_in(client)
    answer = told(await program.answer(scope="admin"))
    assert answer["error"] == "access_denied" and "code" not in answer
    given = await program.granted(scope="read_data admin manage_jobs")
    assert given["scope"] == "read_data manage_jobs"
    await sign_in(client, "root")
    reading, http = await program.granted(scope="read_data"), client.http
    http.cookies.clear()
    assert (await http.get("/api/v1/jobs", headers=bearer(reading))).status_code == 200
    assert (
        await http.post("/api/v1/scrape", json={"url": "http://x.test/"}, headers=bearer(reading))
    ).status_code == 403
    assert (await http.get("/api/v1/oauth/clients", headers=bearer(reading))).status_code == 403
    foreign = await client.scrape(await client.headers("anna"))
    assert (await http.get(foreign["links"]["self"], headers=bearer(reading))).status_code == 404
    client.world.accounts.change(client.world.ids["anna"], role="viewer")
    client.gateway.callers.forget()
    assert (await http.get("/api/v1/jobs", headers=bearer(given))).status_code == 200
    assert (await http.post("/api/v1/scrape", json={"url": "http://x.test/"}, headers=bearer(given))).status_code == 403


async def test_a_code_is_for_its_client(client: Client) -> None:
    mine, thief = await register(client), await register(client, name="thief")
    await sign_in(client)
    code = await mine.code()
    assert (await thief.redeem(code)).json()["error"] == "invalid_grant"
    assert (await mine.redeem(code)).status_code == 200


async def test_a_refresh_token_is_for_its_client_and_never_for_more(client: Client) -> None:
    mine, thief = (
        await register(client, scopes=["read_data", "manage_jobs", "admin"]),
        await register(client, name="thief"),
    )
    await sign_in(client)
    given = await mine.granted(scope="read_data")
    assert (await thief.refresh(given["refresh_token"])).json()["error"] == "invalid_grant"
    for scope in ("admin", "read_data manage_jobs", "nonsense"):
        assert (await mine.refresh(given["refresh_token"], scope=scope)).json()["error"] == "invalid_scope"
    # The door of people's own sessions would forget the scopes.
    for path in ("/api/v1/auth/refresh", "/auth/refresh"):
        answer = await client.http.post(path, json={"refresh_token": given["refresh_token"]})
        assert answer.status_code == 401
    own = await client.http.post("/api/v1/auth/login", json={"username": "anna", "password": PASSWORD})
    assert (await mine.refresh(own.json()["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await mine.refresh(given["refresh_token"])).status_code == 200


async def test_of_secrets_only_the_hash_is_kept_and_a_new_one_ends_the_old(client: Client) -> None:
    board = await register(client)
    assert board.secret and board.secret not in str(client.world.oauth.kept)
    headers = await client.headers("root")
    for path in ("/api/v1/oauth/clients", f"/api/v1/oauth/clients/{board.id}"):
        assert "secret" not in (await client.http.get(path, headers=headers)).text
    fresh = (await client.http.post(f"/api/v1/oauth/clients/{board.id}/secret", headers=headers)).json()[
        "client_secret"
    ]
    await sign_in(client)
    assert (await board.redeem(await board.code())).status_code == 401
    assert (await replace(board, secret=fresh).redeem(await board.code())).status_code == 200


async def test_a_program_on_its_users_machine_may_choose_its_port(client: Client) -> None:
    program = await register(client, redirect_uris=["http://127.0.0.1/cb"], confidential=False)
    await sign_in(client)
    for uri, status in (
        ("http://127.0.0.1:51000/cb", 200),
        ("http://127.0.0.1/cb", 200),
        ("http://127.0.0.1:51000/other", 400),
        ("http://[::1]:51000/cb", 400),
        ("http://127.0.0.1:51000@evil.example/cb", 400),
        ("https://127.0.0.1:51000/cb", 400),
    ):
        asked = {**program.asking, "redirect_uri": uri}
        assert (await client.http.get("/oauth/authorize", params=asked)).status_code == status, uri


async def test_a_client_ends_what_it_was_given(client: Client) -> None:
    mine, other = await register(client), await register(client, name="other")
    for which in ("access_token", "refresh_token"):
        await sign_in(client)
        given = await mine.granted()
        foreign = await other.token("revoke", token=given[which])
        assert (
            foreign.status_code == 400
            and (await mine.token("introspect", token=given["access_token"])).json()["active"]
        )
        assert (await mine.token("revoke", token=given[which])).status_code == 200
        assert (await mine.token("introspect", token=given["access_token"])).json() == {"active": False}
        assert (await mine.refresh(given["refresh_token"])).json()["error"] == "invalid_grant"
        headers = bearer(given)
        assert (await httpx_without_cookies(client).get("/api/v1/jobs", headers=headers)).status_code == 401
    assert (await mine.token("revoke", token="nonsense")).status_code == 200


def httpx_without_cookies(client: Client) -> httpx.AsyncClient:
    client.http.cookies.clear()
    return client.http


async def test_whoever_signs_out_everywhere_ends_it_too_and_so_does_removing_the_client(client: Client) -> None:
    board = await register(client)
    await sign_in(client)
    first = await board.granted()
    client.http.cookies.clear()
    out = await client.http.post("/auth/logout", json={"all_devices": True}, headers=await client.headers("anna"))
    assert out.status_code == 200
    assert (await client.http.get("/api/v1/jobs", headers=bearer(first))).status_code == 401
    await sign_in(client)
    second = await board.granted()
    client.http.cookies.clear()
    removed = await client.http.delete(f"/api/v1/oauth/clients/{board.id}", headers=await client.headers("root"))
    assert removed.status_code == 200
    assert (await client.http.get("/api/v1/jobs", headers=bearer(second))).status_code == 401
    assert (await board.refresh(second["refresh_token"])).json()["error"] == "invalid_client"


async def test_tokens_are_described_to_their_client_and_to_resource_servers(client: Client) -> None:
    mine = await register(client)
    other, server = await register(client, name="other"), await register(client, name="server", resource_server=True)
    public = await register(client, name="public", confidential=False)
    await sign_in(client)
    given = await mine.granted()
    for asker, seen in ((mine, True), (server, True), (other, False)):
        said = (await asker.token("introspect", token=given["access_token"])).json()
        assert said["active"] is seen and ("username" in said) is seen
    assert (await public.token("introspect", token=given["access_token"])).status_code == 401
    said = (await mine.token("introspect", token=given["access_token"])).json()
    assert said["username"] == "anna" and said["scope"] == "read_data manage_jobs" and said["client_id"] == mine.id
    assert (await server.token("introspect", token=given["refresh_token"])).json() == {"active": False}
    assert (await server.token("introspect", token="nonsense")).json() == {"active": False}
    client.world.accounts.change(client.world.ids["anna"], role="viewer")
    assert (await mine.token("introspect", token=given["access_token"])).json()["scope"] == "read_data"


async def test_a_service_account_acts_by_itself(client: Client) -> None:
    service = await register(client, name="nightly", redirect_uris=[], service_role="viewer")
    client.http.cookies.clear()
    first = (await service.token(grant_type="client_credentials")).json()
    second = (await service.token(grant_type="client_credentials", scope="read_data")).json()
    assert first["scope"] == second["scope"] == "read_data" and "refresh_token" not in first
    assert len(client.world.oauth.grants) == 1
    me = await client.http.get("/api/v1/auth/me", headers=bearer(first))
    assert me.json()["username"] == "service:nightly"
    for scope in ("admin", "nonsense"):
        assert (await service.token(grant_type="client_credentials", scope=scope)).json()["error"] == "invalid_scope"
    for password in ("", "x"):
        form = {"username": "service:nightly", "password": password}
        assert (await client.http.post("/api/v1/auth/login", json=form)).status_code in (401, 422)
    board = await register(client)
    assert (await board.token(grant_type="client_credentials")).json()["error"] == "unauthorized_client"
    client.world.accounts.change(client.world.oauth.kept[service.id].service_user or "", status="disabled")
    client.gateway.callers.forget()
    assert (await service.token(grant_type="client_credentials")).json()["error"] == "unauthorized_client"
    assert (await client.http.get("/api/v1/jobs", headers=bearer(first))).status_code == 401


async def test_the_server_describes_itself(client: Client) -> None:
    said = (await client.http.get("/.well-known/oauth-authorization-server")).json()
    assert said["issuer"] == "http://gateway.test" and said["code_challenge_methods_supported"] == ["S256"]
    for name in (
        "token_endpoint",
        "revocation_endpoint",
        "introspection_endpoint",
        "jwks_uri",
        "authorization_endpoint",
    ):
        path = urlsplit(said[name]).path
        assert (await client.http.request("OPTIONS", path)).status_code != 404, name
    odd = await client.http.get("/.well-known/oauth-authorization-server", headers={"Host": "a b"})
    assert odd.status_code == 400 and odd.json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    "fields",
    [
        {"redirect_uris": ["http://board.example/cb"]},
        {"redirect_uris": ["https://board.example/cb#x"]},
        {"redirect_uris": ["https://user@board.example/cb"]},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": ["data:text/html,x"]},
        {"redirect_uris": ["https://board.example/cb; script-src *"]},
        {"redirect_uris": ["https://*.example/cb"]},
        {"redirect_uris": []},
        {"redirect_uris": ["https://x.example/"] * 21},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"service_role": "king"},
        {"service_role": "viewer", "confidential": False},
        {"name": ""},
        {"name": "a\x1bb"},
        {"owner_id": "x"},
    ],
)
async def test_a_client_that_makes_no_sense_is_not_registered(client: Client, fields: dict[str, Any]) -> None:
    wanted = {"name": "x", "redirect_uris": [BACK], "scopes": ["read_data"], **fields}
    answer = await client.http.post("/api/v1/oauth/clients", json=wanted, headers=await client.headers("root"))
    assert answer.status_code == 422 and not client.world.oauth.kept


async def test_clients_are_changed_by_administrators(client: Client) -> None:
    board, other = await register(client), await register(client, name="other")
    root, path = await client.headers("root"), f"/api/v1/oauth/clients/{board.id}"
    changed = await client.http.patch(path, json={"scopes": ["read_data"], "name": "boards"}, headers=root)
    assert changed.json()["scopes"] == ["read_data"] and changed.json()["redirect_uris"] == [BACK]
    assert (await client.http.patch(path, json={"name": "other"}, headers=root)).status_code == 409
    again = {"name": "other", "redirect_uris": [BACK], "scopes": ["read_data"]}
    assert (await client.http.post("/api/v1/oauth/clients", json=again, headers=root)).status_code == 409
    assert len((await client.http.get("/api/v1/oauth/clients", headers=root)).json()["clients"]) == 2
    assert (await client.http.get("/api/v1/oauth/clients/nowhere", headers=root)).status_code == 404
    await sign_in(client)
    given = await other.granted()
    await client.http.patch(f"/api/v1/oauth/clients/{other.id}", json={"scopes": ["read_data"]}, headers=root)
    assert (await other.refresh(given["refresh_token"])).json()["scope"] == "read_data"
