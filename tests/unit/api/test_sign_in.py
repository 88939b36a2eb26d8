"""Signing in and out."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api.auth.first import ensure_administrator, one_time_link
from api.auth.passwords import Passwords
from api.errors import ApiError
from tests.unit.api.conftest import HASHER, PASSWORD, Client, World, running

LOGIN = "/api/v1/auth/login"


async def login(client: Client, username: str = "anna", password: str = PASSWORD, **more: Any) -> httpx.Response:
    return await client.http.post(LOGIN, json={"username": username, "password": password, **more})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_three_doors_let_in_the_same_person(client: Client) -> None:
    by_json = await login(client)
    by_form = await client.http.post(LOGIN, data={"grant_type": "password", "username": "anna", "password": PASSWORD})
    enveloped = await client.http.post("/auth/login", json={"username": "anna@example.com", "password": PASSWORD})
    assert [answer.status_code for answer in (by_json, by_form, enveloped)] == [200] * 3
    flat, framed = by_json.json(), enveloped.json()
    assert flat["token_type"] == "bearer" and flat["expires_in"] == 1800
    assert flat["user"]["permissions"] == ["read_data", "create_reports", "manage_jobs"]
    assert framed["success"] is True and framed["metadata"]["version"] == "v2"
    assert framed["data"]["user"] == {**flat["user"], "last_login": framed["data"]["user"]["last_login"]}
    for found in (flat, by_form.json(), framed["data"]):
        me = await client.http.get("/api/v1/auth/me", headers=bearer(found["access_token"]))
        assert me.json()["username"] == "anna"
    assert me.json()["active_sessions"] == 3
    assert [act.action for act in client.world.accounts.acts[-3:]] == ["signed_in"] * 3


@pytest.mark.parametrize("path", ["/auth/login", "/api/auth/login", "/api/v2/auth/login"])
async def test_the_frame_is_at_every_address_of_the_second_version(client: Client, path: str) -> None:
    good = await client.http.post(path, json={"username": "anna", "password": PASSWORD})
    bad = await client.http.post(path, json={"username": "anna", "password": "wrong"})
    assert good.json()["success"] is True
    assert bad.status_code == 401
    assert bad.json()["success"] is False and bad.json()["error"]["code"] == "INVALID_CREDENTIALS"


async def test_the_plain_doors_are_open_with_or_without_a_slash(client: Client) -> None:
    by_json = await client.http.post("/api/v1/auth/login/", json={"username": "anna", "password": PASSWORD})
    by_form = await client.http.post("/api/v1/auth/login/", data={"username": "anna", "password": PASSWORD})
    assert by_json.status_code == by_form.status_code == 200
    spent = {"refresh_token": by_json.json()["refresh_token"]}
    assert (await client.http.post("/api/v1/auth/refresh/", json=spent)).status_code == 200


async def test_the_unknown_the_wrong_and_the_disabled_look_alike(client: Client) -> None:
    client.world.accounts.change(client.world.ids["otto"], status="disabled")
    answers = [await login(client, "nobody"), await login(client, password="wrong"), await login(client, "otto")]
    bodies = [{**answer.json(), "metadata": None} for answer in answers]
    assert {answer.status_code for answer in answers} == {401}
    assert bodies[0] == bodies[1] == bodies[2]
    acts = client.world.accounts.acts[-3:]
    assert [act.details["reason"] for act in acts] == ["unknown", "password", "disabled"]
    assert "nobody" not in str(acts) and "wrong" not in str(acts)


async def test_an_unknown_name_costs_the_same_work_as_a_wrong_password(client: Client, monkeypatch: Any) -> None:
    verified: list[str] = []

    def verify(password_hash: str, password: str) -> bool:
        verified.append(password_hash)
        return bool(HASHER.verify(password_hash, password))

    monkeypatch.setattr(client.gateway.passwords, "_hasher", type("Spy", (), {"verify": staticmethod(verify)}))
    client.world.accounts.change(client.world.ids["otto"], status="disabled")
    names = ("anna", "nobody", "anna@example.com", "nobody@example.com", "otto")
    for tried, name in enumerate(names, 1):
        # The spy has nothing else: one verification each, and no other slow work.
        assert (await login(client, name, "wrong")).status_code == 401
        assert len(verified) == tried, name
    assert verified[0] == verified[2] != verified[1] == verified[3]
    # The cost is in the hash itself: all say the same.
    assert len({tuple(each.split("$")[1:4]) for each in verified}) == 1


async def test_only_so_many_passwords_wait() -> None:
    async with Passwords(threads=1, queue=1, hasher=HASHER) as passwords:
        answers = await asyncio.gather(*(passwords.hash("x") for _ in range(4)), return_exceptions=True)
    refusals = [answer for answer in answers if isinstance(answer, ApiError)]
    assert len(refusals) == 2 and {refusal.status_code for refusal in refusals} == {503}


async def test_a_disabled_account_is_out_within_a_second(client: Client) -> None:
    headers = await client.headers("anna")
    client.gateway.callers._clock = lambda: time.monotonic() + 2
    client.world.accounts.change(client.world.ids["anna"], status="disabled")
    assert (await client.http.get("/api/v1/jobs", headers=headers)).status_code == 401


async def test_a_lowered_role_is_felt_within_a_second(client: Client) -> None:
    headers = await client.headers("anna")
    await client.scrape(headers)
    client.world.accounts.change(client.world.ids["anna"], role="viewer")
    client.gateway.callers._clock = lambda: time.monotonic() + 1.1
    answer = await client.http.post("/api/v1/scrape", headers=headers, json={"url": "http://shop.test/"})
    assert answer.status_code == 403
    assert answer.json()["error"]["details"]["required_permissions"] == ["manage_jobs"]


async def test_a_refresh_token_works_once_and_its_return_ends_the_session(world: World) -> None:
    async with running(world, rotation_grace=0) as client:
        first = (await login(client)).json()
        answer = await client.http.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
        second = answer.json()
        assert answer.status_code == 200 and second["refresh_token"] != first["refresh_token"]
        assert (await client.http.get("/api/v1/jobs", headers=bearer(second["access_token"]))).status_code == 200
        thief = await client.http.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
        assert thief.status_code == 401
        assert client.world.accounts.acts[-1].action == "refresh_token_reused"
        robbed = await client.http.post("/api/v1/auth/refresh", json={"refresh_token": second["refresh_token"]})
        assert robbed.status_code == 401
        client.gateway.callers._clock = lambda: time.monotonic() + 2
        for found in (first, second):
            assert (await client.http.get("/api/v1/jobs", headers=bearer(found["access_token"]))).status_code == 401


async def test_of_twenty_refreshes_at_once_one_succeeds_and_the_session_lives(client: Client) -> None:
    token = (await login(client)).json()["refresh_token"]
    answers = await asyncio.gather(
        *(client.http.post("/auth/refresh", json={"refresh_token": token}) for _ in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19
    winner = next(answer for answer in answers if answer.status_code == 200).json()["data"]
    assert (await client.http.get("/api/v1/jobs", headers=bearer(winner["access_token"]))).status_code == 200


async def test_refreshing_does_not_make_a_session_longer(client: Client) -> None:
    token = (await login(client)).json()["refresh_token"]
    ends = client.gateway.tokens.believed("refresh", token).expires_at
    answer = await client.http.post("/auth/refresh", json={"refresh_token": token})
    assert client.gateway.tokens.believed("refresh", answer.json()["data"]["refresh_token"]).expires_at <= ends


async def test_kinds_of_tokens_are_not_interchangeable(client: Client) -> None:
    found = (await login(client)).json()
    assert (await client.http.get("/api/v1/jobs", headers=bearer(found["refresh_token"]))).status_code == 401
    answer = await client.http.post("/auth/refresh", json={"refresh_token": found["access_token"]})
    assert answer.status_code == 401


async def test_signing_out_is_felt_at_once(client: Client) -> None:
    here, elsewhere = (await login(client)).json(), (await login(client)).json()
    headers = bearer(here["access_token"])
    assert (await client.http.post("/auth/logout", headers=headers)).json()["data"]["message"]
    assert (await client.http.get("/api/v1/jobs", headers=headers)).status_code == 401
    assert (await client.http.post("/auth/refresh", json={"refresh_token": here["refresh_token"]})).status_code == 401
    other = bearer(elsewhere["access_token"])
    assert (await client.http.get("/api/v1/jobs", headers=other)).status_code == 200
    await login(client)
    await client.http.post("/api/v1/auth/logout", headers=other, json={"all_devices": True})
    assert await client.world.accounts.count_sessions(client.world.ids["anna"]) == 0


async def test_remembering_makes_it_a_month(client: Client) -> None:
    for choice, days in ((False, 7), (True, 30)):
        token = (await login(client, remember_me=choice)).json()["refresh_token"]
        left = client.gateway.tokens.believed("refresh", token).expires_at - time.time()
        assert left == pytest.approx(days * 86_400, abs=300)


async def test_a_key_is_shown_once_works_both_ways_and_ends_at_once(client: Client) -> None:
    headers = await client.headers("anna")
    made = await client.http.post("/api/v1/auth/keys", headers=headers, json={"name": "nightly", "expires_in_days": 1})
    key = made.json()["key"]
    assert made.status_code == 201 and key.startswith(made.json()["prefix"])
    assert key not in str(client.world.accounts.api_keys) and key not in str(client.world.accounts.acts)
    listed = await client.http.get("/api/v1/auth/keys", headers={"X-API-Key": key})
    assert listed.status_code == 200 and "key" not in listed.json()["keys"][0]
    assert (await client.http.get("/api/v1/jobs", headers=bearer(key))).status_code == 200
    assert (await client.http.post("/auth/logout", headers=bearer(key))).status_code == 409
    others = await client.headers("otto")
    path = f"/api/v1/auth/keys/{made.json()['id']}"
    assert (await client.http.delete(path, headers=others)).status_code == 404
    assert (await client.http.delete(path, headers=headers)).status_code == 200
    assert (await client.http.get("/api/v1/jobs", headers={"X-API-Key": key})).status_code == 401
    assert (await client.http.delete("/api/v1/auth/keys/not-an-id", headers=headers)).status_code == 404


async def test_a_key_ends_when_it_was_said_to(client: Client) -> None:
    headers = await client.headers("anna")
    made = await client.http.post("/api/v1/auth/keys", headers=headers, json={"name": "k", "expires_in_days": 1})
    client.world.accounts.clock = lambda: datetime.now(UTC) + timedelta(days=1, seconds=1)
    assert (await client.http.get("/api/v1/jobs", headers={"X-API-Key": made.json()["key"]})).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        {"Authorization": "Basic YWRtaW46YWRtaW4="},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "bearer x.y.z"},
        {"Authorization": "Bearer trawl_"},
        {"X-API-Key": "trawl_nothing"},
        {"X-API-Key": "'; drop table users --"},
        {"Cookie": "trawl_session=x"},
        {},
    ],
)
async def test_what_is_no_sign_in_is_a_401_with_a_challenge(client: Client, header: dict[str, str]) -> None:
    answer = await client.http.get("/api/v1/jobs", headers=header)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer ")


async def test_the_first_administrator_is_made_once(world: World) -> None:
    await world.accounts.end_sessions(world.ids["root"], world.accounts.acts[0])
    async with Passwords(hasher=HASHER) as passwords:
        password = await ensure_administrator(world.accounts, passwords)
        assert password and len(password) >= 20
        assert await ensure_administrator(world.accounts, passwords) is None
    async with running(world) as client:
        answer = await login(client, "admin", password)
        assert answer.json()["user"]["role"] == "admin"


async def test_a_link_for_nobody_is_none(client: Client) -> None:
    assert await one_time_link(client.world.accounts, client.gateway.config.link_lifetime, "nobody") is None


async def test_every_refusal_leaves_a_line_in_the_audit_log(world: World) -> None:
    async with running(world) as client:
        assert (await client.http.get("/sign-in/made-up")).status_code == 401
        found = (await login(client)).json()
        first = {"refresh_token": found["refresh_token"]}
        assert (await client.http.post("/auth/refresh", json=first)).status_code == 200
        assert (await client.http.post("/auth/refresh", json=first)).status_code == 401
        await client.http.post("/auth/logout", headers=bearer(found["access_token"]))
        assert (await client.http.post("/auth/refresh", json=first)).status_code == 401
        assert (await client.http.post("/auth/refresh", json={"refresh_token": "forged"})).status_code == 401
        lines = [(act.action, act.details.get("reason")) for act in world.accounts.acts if "refused" in act.action]
    assert lines == [("sign_in_refused", "link"), ("refresh_refused", "raced"), ("refresh_refused", "ended"),
                     ("refresh_refused", "token")]  # fmt: skip
    assert "made-up" not in str(world.accounts.acts) and "forged" not in str(world.accounts.acts)
