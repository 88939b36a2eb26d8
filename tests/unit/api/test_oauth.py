"""OAuth2: consent, codes and tokens; and what may be tried with each (RFC 6749, 7636, 9207, 9700)."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest

from tests.unit.api.conftest import PASSWORD, Client
from tests.unit.api.programs import CHALLENGE, HTML, OURS, Program, bearer, register, sign_in, told


@pytest.fixture(params=["confidential", "public"])
async def program(request: pytest.FixtureRequest, client: Client) -> Program:
    found = await register(client, confidential=request.param == "confidential")
    await sign_in(client)
    return found


@pytest.fixture
async def board(client: Client) -> Program:
    found = await register(client)
    await sign_in(client)
    return found


async def test_a_program_acts_for_whoever_lets_it(program: Program) -> None:
    http = program.client.http
    page = await http.get("/oauth/authorize", params=program.asking, headers=HTML)
    assert page.status_code == 200 and "board" in page.text and "anna" in page.text and "manage_jobs" in page.text
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy and "form-action 'self' https://board.example;" in policy
    assert page.headers["cache-control"] == "no-store"
    sent = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    answer = told(await http.post("/oauth/authorize", data={**sent, "decision": "allow"}, headers=OURS))
    assert answer["state"] == "a state" and answer["iss"] == "http://gateway.test"
    http.cookies.clear()
    redeemed = await program.redeem(answer["code"])
    given = redeemed.json()
    assert redeemed.headers["cache-control"] == "no-store" and given["scope"] == "read_data manage_jobs"
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 1800)
    me = await http.get("/api/v1/auth/me", headers=bearer(given))
    assert me.json()["username"] == "anna"
    assert jwt.decode(given["access_token"], options={"verify_signature": False})["client_id"] == program.id
    assert await program.client.scrape(bearer(given))
    assert (
        await http.get("/api/v1/jobs", headers={"Authorization": f"Bearer {given['refresh_token']}"})
    ).status_code == 401


async def test_tokens_of_one_grant_with_other_scopes_are_never_taken_for_each_other(board: Program) -> None:
    given = await board.granted()
    less = (await board.refresh(given["refresh_token"], scope="read_data")).json()
    board.client.http.cookies.clear()
    for headers, status in ((bearer(less), 403), (bearer(given), 202), (bearer(less), 403)):
        answer = await board.client.http.post("/api/v1/scrape", json={"url": "http://x.test/"}, headers=headers)
        assert answer.status_code == status


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"code_verifier": CHALLENGE},
        {"redirect_uri": "https://board.example/other"},
        {"redirect_uri": ""},
    ],
)
async def test_a_code_is_for_its_verifier_and_address_and_one_wrong_try_spends_it(
    program: Program, wrong: dict[str, str]
) -> None:
    code = await program.code()
    for more in (wrong, {}):
        answer = await program.redeem(code, **more)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_a_code_lives_a_minute(board: Program) -> None:
    code = await board.code()
    kept = next(iter(board.client.world.oauth.codes.values()))
    left = kept.consent.expires_at - datetime.now(UTC)
    assert timedelta(seconds=1) < left <= timedelta(seconds=60)
    kept.consent = replace(kept.consent, expires_at=datetime.now(UTC))
    assert (await board.redeem(code)).json()["error"] == "invalid_grant"


async def test_a_code_that_comes_twice_ends_what_it_gave(program: Program) -> None:
    code = await program.code()
    given = (await program.redeem(code)).json()
    program.client.http.cookies.clear()
    assert (await program.redeem(code)).json()["error"] == "invalid_grant"
    assert (await program.client.http.get("/api/v1/jobs", headers=bearer(given))).status_code == 401
    assert (await program.refresh(given["refresh_token"])).json()["error"] == "invalid_grant"
    assert "oauth_code_refused" in [act.action for act in program.client.world.accounts.acts]


async def test_refresh_tokens_work_once_and_one_that_comes_back_ends_the_grant(program: Program) -> None:
    first = await program.granted()
    answers = await asyncio.gather(*(program.refresh(first["refresh_token"]) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19
    second = next(answer.json() for answer in answers if answer.status_code == 200)
    third = (await program.refresh(second["refresh_token"])).json()
    assert (await program.refresh(first["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await program.refresh(third["refresh_token"])).json()["error"] == "invalid_grant"
    program.client.http.cookies.clear()
    assert (await program.client.http.get("/api/v1/jobs", headers=bearer(third))).status_code == 401


@pytest.mark.parametrize("password", ["wrong", ""])
async def test_a_client_that_does_not_show_its_secret_gets_nothing(board: Program, password: str) -> None:
    code = await board.code()
    stranger = replace(board, secret=password or None)
    answer = await stranger.redeem(code)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    unknown = await replace(stranger, id="00000000-0000-4000-8000-000000000000").redeem(code)
    assert unknown.json() == answer.json() and "Basic" in unknown.headers["www-authenticate"]
    both = await board.redeem(code, client_secret=board.secret or "")
    assert both.json()["error"] == "invalid_request"
    assert (await board.redeem(code)).status_code == 200


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://board.example/callback/",
        "https://board.example/callback?x=1",
        "https://board.example/Callback",
        "https://board.example.evil.example/callback",
        "https://board.example@evil.example/callback",
        "https://evil.example/callback",
        "http://board.example/callback",
        "javascript:alert(1)",
        "//evil.example",
        "https://board.example/callback#x",
    ],
)
async def test_nobody_is_sent_anywhere_that_is_not_registered(board: Program, redirect_uri: str) -> None:
    for answer in (
        await board.client.http.get("/oauth/authorize", params={**board.asking, "redirect_uri": redirect_uri}),
        await board.answer(redirect_uri=redirect_uri),
    ):
        assert answer.status_code == 400 and "location" not in answer.headers and "evil" not in answer.text


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"scope": "export_data"}, "invalid_scope"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"state": "x" * 501}, "invalid_request"),
    ],
)
async def test_what_is_not_in_order_is_told_to_the_client(board: Program, wrong: dict[str, Any], error: str) -> None:
    for answer in (
        await board.client.http.get("/oauth/authorize", params={**board.asking, **wrong}),
        await board.answer(**wrong),
    ):
        said = told(answer)
        assert said["error"] == error and said["iss"] == "http://gateway.test" and "code" not in said
        assert said["state"] == wrong.get("state", "a state")
    twice = httpx.QueryParams([*board.asking.items(), ("scope", "admin")])
    assert told(await board.client.http.get("/oauth/authorize", params=twice))["error"] == "invalid_request"


async def test_consent_is_given_on_our_page_by_whoever_is_signed_in(board: Program) -> None:
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await board.answer(headers=headers)).status_code == 403
    assert told(await board.answer("deny"))["error"] == "access_denied"
    assert told(await board.answer(""))["error"] == "access_denied"
    board.client.http.cookies.clear()
    token = await board.client.headers("anna")
    for answer in (await board.answer(), await board.answer(headers={**OURS, **token})):
        assert answer.status_code == 303 and answer.headers["location"].startswith("/?next=")
    assert not board.client.world.oauth.codes


async def test_whoever_is_not_signed_in_signs_in_and_comes_back(board: Program) -> None:
    http = board.client.http
    http.cookies.clear()
    away = await http.get("/oauth/authorize", params=board.asking)
    page = await http.get(away.headers["location"], headers=HTML)
    found = re.search(r'name="next" value="([^"]*)"', page.text)
    assert found
    form = {"username": "anna", "password": PASSWORD, "next": found[1].replace("&amp;", "&")}
    entered = await http.post("/sign-in", data=form, headers=OURS)
    assert "wants to act for" in (await http.get(entered.headers["location"])).text


async def test_errors_have_oauths_own_form(board: Program) -> None:
    http = board.client.http
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for content, headers in (
        (b"", form),
        (b"grant_type=password&client_id=x&client_id=y", form),
        (b"{}", {"Content-Type": "application/json"}),
        (b"grant_type=%00", form),
        (b"grant_type=refresh_token", {**form, "Authorization": "Basic !"}),
        (b"grant_type=refresh_token", {**form, "Authorization": "Bearer x"}),
    ):
        answer = await http.post("/oauth/token", content=content, headers=headers)
        assert answer.status_code in (400, 401) and set(answer.json()) == {"error", "error_description"}
        assert answer.headers["cache-control"] == "no-store"
    assert (await board.token(grant_type="password")).json()["error"] == "unsupported_grant_type"
    assert (await board.token(grant_type="refresh_token", refresh_token="x", extra="ignored")).json()[
        "error"
    ] == "invalid_grant"
    board.client.world.accounts.switch.away = True
    answer = await board.refresh("x.y.z")
    assert answer.status_code in (400, 503) and "error" in answer.json()
