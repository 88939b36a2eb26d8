"""What lets somebody in, and what ends it: also while they are on their way."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import httpx
import pyotp
import pytest

from api.auth.deeds import Deed
from api.services.idempotency import Idempotency
from schemas.accounts import Act, Claim, UserChange
from schemas.idempotency import Standing
from schemas.oidc import Identity
from tests.unit.api.conftest import PASSWORD, Client, World, running
from tests.unit.api.jobs_fakes import FakeIdempotencyKeys
from tests.unit.api.programs import BACK, OURS, bearer, register, sign_in, told
from tests.unit.api.test_factors import enabled
from tests.unit.api.test_recovery import CONFIRM, choice, link
from tests.unit.api.users_fakes import FakeUsers

OTHER, LOGIN = "tall-river-quiet-77", "/api/v1/auth/login"
TESTED = Act(actor="test", action="tested")
Meanwhile = Callable[[Client], Awaitable[Any]]


async def new_password(client: Client) -> None:
    users = FakeUsers(client.world.accounts)
    assert await users.set_password(client.world.ids["anna"], "another hash", TESTED) == "set"


async def disabled_and_back(client: Client) -> None:
    users, anna = FakeUsers(client.world.accounts), client.world.ids["anna"]
    for status in ("disabled", "active"):
        assert await users.change(anna, UserChange(status=status), TESTED) == "changed"


async def new_factor(client: Client) -> None:
    factors, anna = client.world.factors, client.world.ids["anna"]
    assert await factors.set_up(anna, pyotp.random_base32(), b"salt", [], TESTED)
    assert await factors.enable(anna, 1, TESTED, None)


def during(client: Client, monkeypatch: pytest.MonkeyPatch, meanwhile: Meanwhile) -> None:
    """While the next password is looked at, something else happens to its account."""
    passwords = client.gateway.passwords
    matches = passwords.matches

    async def slowly(password_hash: str | None, password: str) -> bool:
        monkeypatch.undo()
        right = await matches(password_hash, password)
        await meanwhile(client)
        return right

    monkeypatch.setattr(passwords, "matches", slowly)


@pytest.mark.parametrize("meanwhile", [new_password, disabled_and_back, new_factor])
async def test_a_sign_in_under_way_survives_no_change_of_the_account(
    client: Client, monkeypatch: pytest.MonkeyPatch, meanwhile: Meanwhile
) -> None:
    during(client, monkeypatch, meanwhile)
    answer = await client.http.post(LOGIN, json={"username": "anna", "password": PASSWORD})
    assert answer.status_code == 401 and not client.world.accounts.sessions
    assert client.world.accounts.acts[-1].details == {"reason": "changed"}


async def change(client: Client, headers: dict[str, str], current: str, new: str = OTHER) -> httpx.Response:
    body = {"current_password": current, "new_password": new, "confirm_password": new}
    return await client.http.put(f"/api/v2/users/{client.world.ids['anna']}/password", headers=headers, json=body)


async def test_a_change_of_the_password_under_way_undoes_no_reset(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    thief = await client.headers("anna")
    during(client, monkeypatch, new_password)
    assert (await change(client, thief, PASSWORD)).status_code == 401
    assert client.world.accounts.users[client.world.ids["anna"]][1] == "another hash"


async def test_what_a_session_guesses_is_counted_with_what_is_guessed_at_the_door(client: Client) -> None:
    anna = await client.headers("anna")
    wrong = {"username": "anna", "password": "wrong"}
    statuses = [(await change(client, anna, "wrong")).status_code for _ in range(4)]
    statuses += [(await client.http.post(LOGIN, json=wrong)).status_code for _ in range(4)]
    await client.http.post("/auth/mfa/setup", headers=anna)
    code = {"totp_token": "000000"}
    statuses += [(await client.http.post("/auth/mfa/verify", headers=anna, json=code)).status_code for _ in range(3)]
    assert statuses == [401] * 10 + [429] and (await change(client, anna, PASSWORD)).status_code == 429
    acts = client.world.accounts.acts
    told_of = [act.details["what"] for act in acts if act.action == "own_secret_refused"]
    assert told_of == ["password"] * 4 + ["code"] * 2
    assert [act.action for act in acts].count("sign_in_locked_out") == 1
    assert [mail.kind for mail in client.world.accounts.mails] == ["lockout"]


async def test_a_factor_of_ones_own_buys_no_guesses_at_the_password(client: Client) -> None:
    anna, made, step = await enabled(client)
    statuses = []
    for number in range(10):
        statuses.append((await change(client, anna, "wrong")).status_code)
        paper = {"totp_token": made["backup_codes"][number]}
        if number < 9:
            await client.http.post("/auth/mfa/disable", headers=anna, json=paper)
            made = (await client.http.post("/auth/mfa/setup", headers=anna)).json()["data"]
            proof = {"totp_token": pyotp.TOTP(made["secret"]).generate_otp(step)}
            await client.http.post("/auth/mfa/verify", headers=anna, json=proof)
    assert statuses == [401] * 10 and (await change(client, anna, "wrong")).status_code == 429


async def planted(client: Client, subject: str, *, own: bool = False) -> None:
    world, anna = client.world, client.world.ids["anna"]
    session = next(iter(await world.accounts.devices(anna)))
    identity = Identity(issuer="https://id.example", subject=subject)
    user = await world.accounts.user(anna)
    assert user and await world.identities.link(identity, user, TESTED, session.id)
    who = (identity.issuer, subject)
    world.identities.linked[who] = replace(world.identities.linked[who], own=own)


async def test_a_reset_ends_whatever_an_intruder_may_have_left(client: Client) -> None:
    anna = await client.headers("anna")
    key = (await client.http.post("/api/v1/auth/keys", headers=anna, json={"name": "theirs"})).json()["key"]
    board = await register(client)
    await sign_in(client)
    given, waiting = await board.granted(), await board.code()
    await planted(client, "an intruder")
    await planted(client, "anna herself", own=True)
    client.http.cookies.clear()
    assert (await client.http.post(CONFIRM, json=choice(await link(client)))).status_code == 200
    for headers in (anna, {"X-API-Key": key}, bearer(given)):
        assert (await client.http.get("/api/v1/auth/me", headers=headers)).status_code == 401
    assert (await board.refresh(given["refresh_token"])).status_code == 400
    assert (await board.redeem(waiting)).status_code == 400
    left = await client.world.identities.all(client.world.ids["anna"])
    assert [identity.subject for identity in left] == ["anna herself"]
    assert "API key" in client.world.accounts.mails[-1].text


async def test_a_session_that_has_just_ended_leaves_nothing_behind(world: World) -> None:
    async with running(world, sign_in_freshness=60.0) as client:
        anna = await client.headers("anna")
        assert (await client.http.get("/auth/me", headers=anna)).status_code == 200
        await new_password(client)  # at another gateway: this one still believes the session
        assert (await client.http.get("/auth/me", headers=anna)).status_code == 200
        for path, body in (("/api/v1/auth/keys", {"name": "theirs"}), ("/auth/mfa/setup", None)):
            assert (await client.http.post(path, headers=anna, json=body)).status_code == 401
        assert not world.accounts.api_keys and not world.accounts.factors


async def test_a_session_that_has_just_ended_lets_no_program_in(world: World) -> None:
    async with running(world, sign_in_freshness=60.0) as client:
        board = await register(client)
        await sign_in(client)
        assert (await client.http.get("/oauth/authorize", params=board.asking)).status_code == 200
        await new_password(client)  # at another gateway: this one still believes the session
        assert (await client.http.get("/oauth/authorize", params=board.asking)).status_code == 200
        answer = await board.answer()
        assert answer.status_code == 303 and answer.headers["location"].startswith("/?next=")
        assert not world.oauth.codes and "oauth_consented" not in [act.action for act in world.accounts.acts]


async def test_an_outside_identity_is_shown_and_unlinked_with_the_password(client: Client) -> None:
    anna = await client.headers("anna")
    await planted(client, "s-1")
    [shown] = (await client.http.get("/api/v1/auth/identities", headers=anna)).json()["identities"]
    assert (shown["issuer"], shown["subject"], shown["own"]) == ("https://id.example", "s-1", False)
    path = f"/api/v1/auth/identities/{shown['id']}/unlink"
    right, wrong = {"current_password": PASSWORD}, {"current_password": "wrong"}
    otto = await client.headers("otto")
    assert (await client.http.post(path, headers=otto, json=right)).status_code == 404
    assert (await client.http.get("/auth/identities", headers=otto)).json()["data"] == {"identities": []}
    key = (await client.http.post("/api/v1/auth/keys", headers=anna, json={"name": "k"})).json()["key"]
    assert (await client.http.post(path, headers={"X-API-Key": key}, json=right)).status_code == 403
    assert (await client.http.post(path, headers=anna, json=wrong)).status_code == 401
    assert (await client.http.post(f"/auth{path[12:]}", headers=anna, json=right)).status_code == 200
    assert (await client.http.post(path, headers=anna, json=right)).status_code == 404
    assert client.world.accounts.mails[-1].kind == "identity_unlinked"
    await planted(client, "s-2")
    user, _ = client.world.accounts.users[client.world.ids["anna"]]
    client.world.accounts.users[user.id] = (user, "")
    [shown] = (await client.http.get("/api/v1/auth/identities", headers=anna)).json()["identities"]
    path = f"/api/v1/auth/identities/{shown['id']}/unlink"
    assert (await client.http.post(path, headers=anna, json={"current_password": "x"})).status_code == 409


async def test_a_programs_refresh_token_that_two_have_is_told_to_the_owner(world: World) -> None:
    async with running(world, rotation_grace=0.0) as client:
        board = await register(client)
        await sign_in(client)
        token = (await board.granted())["refresh_token"]
        assert [(await board.refresh(token)).status_code for _ in range(3)] == [200, 400, 400]
    [mail] = [mail for mail in world.accounts.mails if mail.kind == "refresh_reuse"]
    assert mail.recipient == "anna@example.com" and "board" in mail.subject
    assert [act.action for act in world.accounts.acts][-2:] == ["refresh_token_reused", "refresh_refused"]


async def test_a_code_that_two_have_is_told_to_the_owner_once(client: Client) -> None:
    board = await register(client)
    await sign_in(client)
    code = await board.code()
    assert [(await board.redeem(code)).status_code for _ in range(3)] == [200, 400, 400]
    [mail] = [mail for mail in client.world.accounts.mails if mail.kind == "code_reuse"]
    assert mail.recipient == "anna@example.com" and "board" in mail.subject
    actions = [act.action for act in client.world.accounts.acts]
    assert actions[-2:] == ["oauth_code_refused", "oauth_code_refused"]
    wrong = await board.code()
    assert [(await board.redeem(wrong, code_verifier="x" * 43)).status_code for _ in range(2)] == [400, 400]
    assert len([mail for mail in client.world.accounts.mails if mail.kind == "code_reuse"]) == 1, "it gave nothing"


async def test_what_is_allowed_is_what_the_page_has_shown(client: Client) -> None:
    board = await register(client, scopes=["read_data"])
    await sign_in(client)
    asking = {name: value for name, value in board.asking.items() if name != "scope"}
    page = await client.http.get("/oauth/authorize", params=asking)
    shown = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    wider = ["read_data", "manage_jobs"]
    browser = dict(client.http.cookies)
    client.http.cookies.clear()
    root = await client.headers("root")
    answer = await client.http.patch(f"/api/v1/oauth/clients/{board.id}", headers=root, json={"scopes": wider})
    assert answer.status_code == 200, answer.text
    client.http.cookies.update(browser)
    code = told(await client.http.post("/oauth/authorize", data={**shown, "decision": "allow"}, headers=OURS))["code"]
    assert (await board.redeem(code)).json()["scope"] == "read_data" and shown["redirect_uri"] == BACK


@pytest.mark.parametrize("how", ["everywhere", "password"])
async def test_a_code_ends_with_the_sessions(client: Client, how: str) -> None:
    board = await register(client)
    await sign_in(client)
    code = await board.code()
    client.http.cookies.clear()
    anna = await client.headers("anna")
    if how == "everywhere":
        assert (await client.http.post("/auth/logout", headers=anna, json={"all_devices": True})).status_code == 200
    else:
        assert (await change(client, anna, PASSWORD)).status_code == 200
    assert (await board.redeem(code)).json()["error"] == "invalid_grant"


async def test_another_address_is_told_to_the_one_before(client: Client) -> None:
    path, root = f"/api/v2/users/{client.world.ids['anna']}", await client.headers("root")
    for email, mails in (("anna@example.com", []), ("anna@elsewhere.example", ["anna@example.com"])):
        assert (await client.http.put(path, headers=root, json={"email": email})).status_code == 200
        assert [mail.recipient for mail in client.world.accounts.mails if mail.kind == "email_changed"] == mails
    assert "elsewhere" not in client.world.accounts.mails[-1].text


async def test_a_name_that_is_somebodys_address_is_not_to_be_had_nor_the_other_way(client: Client) -> None:
    root = await client.headers("root")
    named = {"username": "x@example.com", "email": "x@example.com", "password": OTHER, "role": "viewer"}
    made = await client.http.post("/api/v2/users", headers=root, json=named)
    path = f"/api/v2/users/{made.json()['data']['id']}"
    assert (await client.http.put(path, headers=root, json={"email": "y@example.com"})).status_code == 200
    taken = {"username": "eve", "email": "x@example.com", "password": OTHER, "role": "viewer"}
    assert (await client.http.post("/api/v2/users", headers=root, json=taken)).status_code == 409
    anna = f"/api/v2/users/{client.world.ids['anna']}"
    assert (await client.http.put(anna, headers=root, json={"email": "x@example.com"})).status_code == 409


async def test_what_is_kept_of_a_body_tells_nothing_without_the_gateways_secret() -> None:
    seen: list[bytes] = []

    class Keys(FakeIdempotencyKeys):
        async def claim(self, claim: Claim, body_hash: bytes, deed: str) -> Standing:
            seen.append(body_hash)
            return await super().claim(claim, body_hash, deed)

    for number, secret in enumerate(("a seed", "a seed", "another")):
        attempt = await Idempotency(Keys(), (), secret).begin("anna", "POST /", str(number), b"a password", Deed())
        await attempt.failed(undone=True)
    assert seen[0] == seen[1] != seen[2] and sha256(b"a password").digest() not in seen
