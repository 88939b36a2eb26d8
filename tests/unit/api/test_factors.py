"""The second factor: set up, shown to work, asked for, lost."""

import base64
import time
from typing import Any

import httpx
import pyotp
import pytest

from api.auth.factors import STEP_S, step_of
from api.auth.proving import RECENT
from tests.unit.api.conftest import PASSWORD, Client

SECRET = pyotp.random_base32()


async def login(client: Client, code: str | None = None, **fields: Any) -> httpx.Response:
    body = {"username": "anna", "password": PASSWORD, **({"mfa_token": code} if code else {}), **fields}
    return await client.http.post("/auth/login", json=body)


async def enabled(client: Client) -> tuple[dict[str, str], dict[str, Any], int]:
    """Anna's headers, what her app knows, and the step that was spent."""
    anna = await client.headers("anna")
    made = (await client.http.post("/auth/mfa/setup", headers=anna)).json()["data"]
    step = int(time.time()) // STEP_S
    code = pyotp.TOTP(made["secret"]).generate_otp(step)
    answer = await client.http.post("/auth/mfa/verify", headers=anna, json={"totp_token": code})
    assert answer.status_code == 200, answer.text
    return anna, made, step


def test_a_code_is_good_for_a_clock_that_is_half_a_minute_off_and_no_more() -> None:
    code = pyotp.TOTP(SECRET).generate_otp(100)
    steps = {now: step_of(SECRET, code, now * STEP_S) for now in (98, 99, 100, 101, 102)}
    assert steps == {98: None, 99: 100, 100: 100, 101: 100, 102: None}
    assert step_of(SECRET, "", 100 * STEP_S) is None


async def test_what_is_set_up_is_for_an_app_and_for_paper(client: Client) -> None:
    _, made, _ = await enabled(client)
    assert made["qr_code"].startswith("data:image/png;base64,")
    assert base64.b64decode(made["qr_code"].partition(",")[2]).startswith(b"\x89PNG")
    assert made["setup_url"].startswith("otpauth://totp/Trawl:anna%40example.com?secret=" + made["secret"])
    codes = made["backup_codes"]
    assert len(set(codes)) == 10 and all(len(code) == 8 and code.isdigit() for code in codes)
    assert not any(code in str(client.world.factors.codes) for code in codes)
    told = [mail.kind for mail in client.world.accounts.mails]
    assert told == ["mfa_enabled"] and made["secret"] not in str(
        client.world.accounts.mails + client.world.accounts.acts
    )


async def test_signing_in_asks_for_a_code_and_says_so(client: Client) -> None:
    _, made, step = await enabled(client)
    missing = await login(client)
    assert missing.status_code == 401 and "www-authenticate" in missing.headers
    error = missing.json()["error"]
    assert error["code"] == "INVALID_CREDENTIALS" and error["details"]["mfa_required"] is True
    assert error["details"]["errors"][0]["code"] == "MFA_REQUIRED" and error["details"]["field"] == "mfa_token"
    assert (await login(client, "000000")).status_code == 401
    wrong = (await login(client, password="wrong")).json()["error"]
    assert "mfa_required" not in wrong["details"], "who does not know the password learns nothing"
    found = await login(client, pyotp.TOTP(made["secret"]).generate_otp(step + 1))
    assert found.status_code == 200 and found.json()["data"]["user"]["mfa_enabled"] is True
    assert client.world.accounts.acts[-1].details["how"] == "password+totp"


async def test_no_code_works_twice(client: Client) -> None:
    _, made, step = await enabled(client)
    spent = pyotp.TOTP(made["secret"]).generate_otp(step)
    assert (await login(client, spent)).status_code == 401, "setting up has spent it"
    paper = made["backup_codes"][3]
    assert (await login(client, f"{paper[:4]} {paper[4:]}")).status_code == 200
    assert (await login(client, paper)).status_code == 401
    assert client.world.accounts.mails[-1].kind == "mfa_used"


async def test_only_a_code_enables_or_ends_it(client: Client) -> None:
    anna = await client.headers("anna")
    path = "/auth/mfa/verify"
    assert (await client.http.post(path, headers=anna, json={"totp_token": "123456"})).status_code == 404
    await client.http.post("/auth/mfa/setup", headers=anna)
    assert (await client.http.post(path, headers=anna, json={"totp_token": "12345x"})).status_code == 401
    assert (await login(client)).status_code == 200, "what was never shown to work is not asked for"
    anna, made, _ = await enabled(client)
    assert (await client.http.post("/auth/mfa/setup", headers=anna)).status_code == 409
    assert (await client.http.post(path, headers=anna, json={"totp_token": "123456"})).status_code == 409
    end = "/auth/mfa/disable"
    assert (await client.http.post(end, headers=anna, json={"totp_token": "000000"})).status_code == 401
    good = {"totp_token": made["backup_codes"][0]}
    assert (await client.http.post(end, headers=anna, json=good)).status_code == 200
    assert (await login(client)).status_code == 200


async def test_whoever_signed_in_long_ago_shows_the_password_before_it_is_set_up(client: Client) -> None:
    """A stolen session would otherwise lock its owner out."""
    anna = await client.headers("anna")
    for kept in client.world.accounts.sessions.values():
        kept.created_at -= RECENT
    await client.headers("anna")  # signed in just now, but elsewhere
    path = "/auth/mfa/setup"
    refused = await client.http.post(path, headers=anna)
    assert refused.status_code == 409
    assert refused.json()["error"]["details"]["errors"][0]["field"] == "current_password"
    for wrong in ("another one", ""):
        assert (await client.http.post(path, headers=anna, json={"current_password": wrong})).status_code in (401, 422)
    assert not client.world.accounts.factors
    assert (await client.http.post(path, headers=anna, json={"current_password": PASSWORD})).status_code == 200


@pytest.mark.parametrize("path", ["/auth/mfa/verify", "/auth/mfa/disable"])
async def test_a_stolen_session_guesses_no_more_than_a_stranger(client: Client, path: str) -> None:
    anna, _, _ = await enabled(client)
    if path.endswith("verify"):
        client.world.accounts.factors.clear()
        await client.http.post("/auth/mfa/setup", headers=anna)
    statuses = [
        (await client.http.post(path, headers=anna, json={"totp_token": "000000"})).status_code for _ in range(12)
    ]
    assert statuses == [401] * 10 + [429] * 2


async def test_an_administrator_ends_it_for_who_has_lost_the_phone(client: Client) -> None:
    await enabled(client)
    path = f"/api/v2/users/{client.world.ids['anna']}/mfa"
    root = await client.headers("root")
    assert (await client.http.delete(path, headers=await client.headers("opal"))).status_code == 403
    assert (await client.http.delete(path, headers=root)).status_code == 200
    assert (await client.http.delete(path, headers=root)).status_code == 404
    assert (await login(client)).status_code == 200
    assert client.world.accounts.mails[-1].kind == "mfa_reset"


async def test_the_page_asks_for_the_code_too(client: Client) -> None:
    _, made, step = await enabled(client)
    ours = {"Origin": "http://gateway.test"}
    form = {"username": "anna", "password": PASSWORD}
    plain = await client.http.get("/", headers={"Accept": "text/html"})
    assert "mfa_token" not in plain.text
    asked = await client.http.post("/sign-in", data=form, headers=ours)
    assert asked.status_code == 401 and 'name="mfa_token"' in asked.text
    code = pyotp.TOTP(made["secret"]).generate_otp(step + 1)
    assert (await client.http.post("/sign-in", data=form | {"mfa_token": code}, headers=ours)).status_code == 303
