"""Accounts as administrators manage them."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from schemas.accounts import Act, Factor
from schemas.limits import OwnerGone
from tests.unit.api.conftest import PASSWORD, Client, World, running

USERS = "/api/v2/users"
NEW = {"username": "nina", "email": "Nina@Example.com", "password": "plum-orbit-canvas-42", "first_name": "Nina"}
OTHER = "tall-river-quiet-77"
UNKNOWN = "11111111-2222-4333-8444-555555555555"


async def put(client: Client, who: str, headers: dict[str, str], **fields: Any) -> httpx.Response:
    return await client.http.put(f"{USERS}/{client.world.ids[who]}", headers=headers, json=fields)


async def login(client: Client, username: str, password: str, **more: Any) -> httpx.Response:
    return await client.http.post("/auth/login", json={"username": username, "password": password, **more})


async def test_an_account_from_its_making_to_its_end(client: Client) -> None:
    root = await client.headers("root")
    asked = {**NEW, "role": "analyst", "permissions": ["read_data", "export_data"], "send_welcome_email": True}
    made = await client.http.post(USERS, headers=root, json=asked)
    assert made.status_code == 201, made.text
    user = made.json()["data"]
    assert (user["email"], user["status"], user["role"]) == ("nina@example.com", "active", "analyst")
    assert user["permissions"] == ["read_data", "create_reports", "manage_jobs", "export_data"]
    assert user["activity_summary"]["total_logins"] == 0 and "password" not in user
    [welcome] = client.world.accounts.mails
    assert (welcome.kind, welcome.recipient) == ("welcome", "nina@example.com") and NEW["password"] not in welcome.text
    assert (await client.http.post(USERS, headers=root, json={**NEW, "username": "NINA"})).status_code == 409
    began = datetime.now(UTC)
    answer = await login(client, "NINA@example.com", NEW["password"])
    assert answer.json()["data"]["user"]["permissions"] == user["permissions"]
    for path in (f"{USERS}/{user['id']}", f"/api/users/user_{user['id']}"):
        found = (await client.http.get(path, headers=root)).json()
        assert found["success"] and found["metadata"]["version"] == "v2"
        assert found["data"]["activity_summary"]["total_logins"] == 1
        assert began <= datetime.fromisoformat(found["data"]["activity_summary"]["last_active"]) <= datetime.now(UTC)
    path = f"{USERS}/{user['id']}"
    changed = await client.http.put(path, headers=root, json={"role": "viewer", "last_name": "Noor", "permissions": []})
    data = changed.json()["data"]
    assert (data["first_name"], data["last_name"], data["permissions"]) == ("Nina", "Noor", ["read_data"])
    assert (await client.http.delete(path, headers=root)).status_code == 200
    assert (await client.http.get(path, headers=root)).status_code == 404
    assert (await login(client, "nina", NEW["password"])).status_code == 401
    actions = [act.action for act in client.world.accounts.acts if act.object == user["id"]]
    assert actions == ["user_created", "user_changed", "user_removed"]


async def test_the_list_is_filtered_sorted_and_paged(client: Client) -> None:
    root = await client.headers("root")
    client.world.accounts.change(client.world.ids["otto"], status="disabled")
    second: dict[str, str | int] = {"per_page": 2, "sort_by": "username", "sort_order": "asc", "page": 2}
    page = (await client.http.get(USERS, headers=root, params=second)).json()
    assert [user["username"] for user in page["data"]] == ["otto", "root"]
    assert page["pagination"] == {"page": 2, "per_page": 2, "total": 5, "total_pages": 3, "has_next": True,
                                  "has_previous": True}  # fmt: skip
    everybody = {"vera", "anna", "otto", "opal", "root"}
    for query, names in (
        ({"role": "analyst"}, {"anna", "otto"}),
        ({"role": "analyst", "status": "active"}, {"anna"}),
        ({"role": "ANALYST", "status": "Active"}, {"anna"}),
        ({"role": "all", "status": "All"}, everybody),
        ({"role": "Viewer", "status": "all"}, {"vera"}),
    ):
        found = (await client.http.get("/api/users", headers=root, params=query)).json()["data"]
        assert {user["username"] for user in found} == names
    for bad in ({"sort_by": "password_hash"}, {"role": "king"}, {"status": "gone"}, {"role": ""}, {"per_page": 0}):
        assert (await client.http.get(USERS, headers=root, params=bad)).status_code == 422


async def test_the_list_begins_with_the_twenty_newest(client: Client) -> None:
    for n in range(20):
        await client.world.add(f"more-{n}", "viewer")
    page = (await client.http.get(USERS, headers=await client.headers("root"))).json()
    assert [user["username"] for user in page["data"]] == [f"more-{n}" for n in reversed(range(20))]
    assert page["pagination"] == {"page": 1, "per_page": 20, "total": 25, "total_pages": 2, "has_next": True,
                                  "has_previous": False}  # fmt: skip


async def test_others_see_and_change_nobody_but_themselves(client: Client) -> None:
    anna = await client.headers("anna")
    mine, foreign = (f"{USERS}/{client.world.ids[name]}" for name in ("anna", "otto"))
    assert (await client.http.get(mine, headers=anna)).json()["data"]["username"] == "anna"
    missing = await client.http.get(f"{USERS}/{UNKNOWN}", headers=anna)
    hidden = await client.http.get(foreign, headers=anna)
    assert hidden.status_code == missing.status_code == 404
    assert {**hidden.json(), "metadata": 0} == {**missing.json(), "metadata": 0}
    for method, path in (("GET", USERS), ("DELETE", mine), ("DELETE", foreign), ("POST", f"{foreign}/reset-password")):
        assert (await client.http.request(method, path, headers=anna, json={})).status_code == 403
    untouched = client.world.accounts.shown(client.world.ids["otto"])
    asked: list[dict[str, Any]] = [{"first_name": "Ann"}, {"role": "viewer"}]
    for fields in asked:
        missing = await client.http.put(f"{USERS}/{UNKNOWN}", headers=anna, json=fields)
        hidden = await put(client, "otto", anna, **fields)
        assert hidden.status_code == missing.status_code == 404
    assert client.world.accounts.shown(client.world.ids["otto"]) == untouched


async def test_everybody_changes_who_they_are_and_not_what_they_may(client: Client) -> None:
    vera, right = await client.headers("vera"), {"current_password": PASSWORD}
    named = (await put(client, "vera", vera, first_name="Vera", last_name="Vos")).json()["data"]
    assert (named["first_name"], named["last_name"], named["role"]) == ("Vera", "Vos", "viewer")
    moved = {"email": "Vera@Elsewhere.example"}
    assert (await put(client, "vera", vera, **moved)).status_code == 409
    assert (await put(client, "vera", vera, **moved, current_password="wrong")).status_code == 401
    assert (await put(client, "vera", vera, email="otto@example.com", **right)).status_code == 409
    assert (await put(client, "vera", vera, **moved, **right)).json()["data"]["email"] == "vera@elsewhere.example"
    before = client.world.accounts.shown(client.world.ids["vera"])
    rights: list[dict[str, Any]] = [{"role": "admin"}, {"role": "viewer"}, {"status": "active"}, {"permissions": []},
                                    {"permissions": ["export_data"], "first_name": "V"}]  # fmt: skip
    for fields in rights:
        refused = await put(client, "vera", vera, **fields)
        assert refused.status_code == 403, fields
        assert refused.json()["error"]["details"]["required_permissions"] == ["user_management"]
    assert client.world.accounts.shown(client.world.ids["vera"]) == before
    acts = [act for act in client.world.accounts.acts if act.action == "user_changed"]
    assert [act.details["fields"] for act in acts] == [["first_name", "last_name"], ["email"]]
    assert {(act.actor, act.object) for act in acts} == {(client.world.ids["vera"],) * 2}
    [told] = client.world.accounts.mails
    assert (told.kind, told.recipient) == ("email_changed", "vera@example.com")


async def test_a_key_with_scopes_does_not_change_who_its_owner_is(client: Client) -> None:
    anna, path = await client.headers("anna"), f"{USERS}/{client.world.ids['anna']}"
    everything = ["read_data", "create_reports", "manage_jobs"]
    for scopes, status in ((["read_data"], 403), (everything, 403), (None, 200)):
        asked = {"name": f"k {scopes}"} | ({"scopes": scopes} if scopes else {})
        key = (await client.http.post("/api/v1/auth/keys", headers=anna, json=asked)).json()["key"]
        answer = await client.http.put(path, headers={"X-API-Key": key}, json={"first_name": "Ann"})
        assert answer.status_code == status and ("SCOPED_CREDENTIAL" in answer.text) == (status == 403), answer.text
        assert client.world.accounts.shown(client.world.ids["anna"]).first_name == ("Ann" if status == 200 else "")
    moved = {"email": "ann@elsewhere.example", "current_password": PASSWORD}
    assert (await client.http.put(path, headers={"X-API-Key": key}, json=moved)).status_code == 409


@pytest.mark.parametrize(
    "extra", [{"id": "x"}, {"status": "active"}, {"granted": ["admin"]}, {"owner_id": "x"}, {"mfa_enabled": True}]
)
async def test_fields_that_nobody_may_set_are_refused(client: Client, extra: dict[str, Any]) -> None:
    root, field = await client.headers("root"), next(iter(extra))
    answers = [await client.http.post(USERS, headers=root, json={**NEW, **extra})]
    if field != "status":
        answers.append(await put(client, "anna", root, **extra))
    for answer in answers:
        assert answer.status_code == 422 and answer.json()["error"]["details"]["field"] == field


async def test_nobody_gives_what_they_do_not_have_or_touches_who_may_do_more(client: Client) -> None:
    client.world.accounts.change(client.world.ids["opal"], granted=("user_management",))
    opal = await client.headers("opal")
    assert (await client.http.post(USERS, headers=opal, json={**NEW, "role": "operator"})).status_code == 201
    more = {**NEW, "username": "max", "email": "max@example.com"}
    assert (await client.http.post(USERS, headers=opal, json={**more, "role": "admin"})).status_code == 403
    assert (await put(client, "anna", opal, role="admin")).status_code == 403
    assert (await put(client, "opal", opal, role="admin")).status_code == 403
    root = f"{USERS}/{client.world.ids['root']}"
    for method, path in (
        ("PUT", root),
        ("DELETE", root),
        ("POST", f"{root}/reset-password"),
        ("DELETE", f"{root}/mfa"),
    ):
        assert (await client.http.request(method, path, headers=opal, json={})).status_code == 403
    assert (await put(client, "anna", opal, role="viewer")).status_code == 200


async def test_a_refusal_names_every_permission_that_is_missing(client: Client) -> None:
    client.world.accounts.change(client.world.ids["anna"], granted=("user_management",))
    asked = {**NEW, "role": "operator", "permissions": ["export_data", "system_monitoring"]}
    answer = await client.http.post(USERS, headers=await client.headers("anna"), json=asked)
    error = answer.json()["error"]
    assert answer.status_code == 403 and error["code"] == "INSUFFICIENT_PERMISSIONS"
    assert error["details"]["required_permissions"] == ["export_data", "system_monitoring"]
    assert set(error["details"]["user_permissions"]) == {
        "read_data",
        "create_reports",
        "manage_jobs",
        "user_management",
    }
    assert (error["details"]["field"], error["details"]["reason"]) == ("authorization", error["message"])
    assert "export_data, system_monitoring" in error["message"]


@pytest.mark.parametrize("path", [USERS, "/auth/register"])
async def test_a_malformed_address_and_a_short_password_are_named_at_once(world: World, path: str) -> None:
    async with running(world, registration=True) as client:
        root = await client.headers("root")
        for email in ("nobody", "", "a@", "a b@example.com", "{reason}@-x"):
            asked = {"username": "nina", "email": email, "password": "short"}
            answer = await client.http.post(path, headers=root, json=asked)
            found = {fault["field"]: fault for fault in answer.json()["error"]["details"]["errors"]}
            assert answer.status_code == 422 and set(found) == {"email", "password"}, answer.text
            assert (found["email"]["code"], found["password"]["code"]) == ("INVALID_FORMAT", "MIN_LENGTH")
            assert "e-mail address" in found["email"]["message"] or "domain" in found["email"]["message"]
            assert "12" in found["password"]["message"]
        guessable = {"username": "nina", "email": "nina@example.com", "password": "nina@example.com"}
        answer = await client.http.post(path, headers=root, json=guessable)
        [fault] = answer.json()["error"]["details"]["errors"]
        assert (fault["field"], fault["code"]) == ("password", "GUESSABLE")


async def test_the_shapes_carry_what_a_password_and_an_address_must_be(client: Client) -> None:
    schemas = client.app.openapi()["components"]["schemas"]
    for shape, field in (
        ("RegisterBody", "password"),
        ("UserAsked", "password"),
        ("PasswordChange", "new_password"),
        ("NewPasswordBody", "new_password"),
    ):
        assert schemas[shape]["properties"][field]["minLength"] == 12, shape
    assert schemas["RegisterBody"]["properties"]["email"]["format"] == "email"


async def test_seeing_everything_is_a_role_and_no_grant(client: Client) -> None:
    answer = await put(client, "anna", await client.headers("root"), permissions=["admin"])
    assert answer.status_code == 422 and "role" in answer.json()["error"]["details"]["reason"]


async def test_the_last_administrator_stays(client: Client) -> None:
    root = await client.headers("root")
    for fields in ({"role": "viewer"}, {"status": "disabled"}, {"status": "locked"}):
        assert (await put(client, "root", root, **fields)).status_code == 409
    path = f"{USERS}/{client.world.ids['root']}"
    assert (await client.http.delete(path, headers=root)).status_code == 409
    assert (await put(client, "anna", root, role="admin")).status_code == 200
    assert (await put(client, "root", root, role="viewer")).status_code == 200


async def test_a_lower_role_counts_at_once_and_a_disabled_account_is_out(client: Client) -> None:
    root, anna = await client.headers("root"), await client.headers("anna")
    scrape = {"url": "http://shop.test/"}
    assert (await client.http.post("/api/v1/scrape", headers=anna, json=scrape)).status_code == 202
    await put(client, "anna", root, role="viewer")
    assert (await client.http.post("/api/v1/scrape", headers=anna, json=scrape)).status_code == 403
    await put(client, "anna", root, permissions=["manage_jobs"])
    assert (await client.http.post("/api/v1/scrape", headers=anna, json=scrape)).status_code == 202
    await put(client, "anna", root, status="locked")
    assert (await client.http.get("/api/v1/jobs", headers=anna)).status_code == 401
    assert (await login(client, "anna", PASSWORD)).status_code == 401
    await client.http.post(f"{USERS}/{client.world.ids['anna']}/unlock", headers=root)
    assert (await login(client, "anna", PASSWORD)).status_code == 200


async def test_ones_own_password_is_changed_by_whoever_knows_it(client: Client) -> None:
    here, there, root = [await client.headers(name) for name in ("anna", "anna", "root")]
    path = f"{USERS}/user_{client.world.ids['anna']}/password"
    good = {"current_password": PASSWORD, "new_password": OTHER, "confirm_password": OTHER}
    assert (await client.http.put(path, headers=root, json=good)).status_code == 404
    for change, status in (
        ({"confirm_password": "another one"}, 422),
        ({"new_password": "short", "confirm_password": "short"}, 422),
        ({"current_password": "wrong"}, 401),
    ):
        answer = await client.http.put(path, headers=here, json=good | change)
        assert answer.status_code == status and next(iter(change)) == answer.json()["error"]["details"]["field"]
    assert (await client.http.put(path, headers=here, json=good)).status_code == 200
    assert (await client.http.get("/auth/me", headers=here)).status_code == 200
    assert (await client.http.get("/auth/me", headers=there)).status_code == 401
    assert (await login(client, "anna", PASSWORD)).status_code == 401
    assert (await login(client, "anna", OTHER)).status_code == 200
    assert [mail.kind for mail in client.world.accounts.mails] == ["password_changed"]


async def test_ones_own_address_is_changed_with_the_password_alone(client: Client) -> None:
    root = await client.headers("root")
    key = (await client.http.post("/api/v1/auth/keys", headers=root, json={"name": "k"})).json()["key"]
    moved, right = {"email": "root@elsewhere.example"}, {"current_password": PASSWORD}
    refused = await put(client, "root", root, **moved)
    assert refused.status_code == 409 and "current_password" in refused.json()["error"]["message"]
    assert (await put(client, "root", {"X-API-Key": key}, **moved, **right)).status_code == 409
    assert (await put(client, "root", root, **moved, current_password="wrong")).status_code == 401
    assert client.world.accounts.shown(client.world.ids["root"]).email == "root@example.com"
    assert (await put(client, "root", root, email="root@example.com", first_name="Ruth")).status_code == 200
    assert (await put(client, "root", root, **moved, **right)).json()["data"]["email"] == moved["email"]
    assert client.world.accounts.mails[-1].kind == "email_changed"


@pytest.mark.parametrize("how", ["change", "remove"])
async def test_who_may_do_more_by_now_is_not_touched(client: Client, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    accounts, anna = client.world.accounts, client.world.ids["anna"]
    accounts.change(client.world.ids["opal"], granted=("user_management", "manage_jobs", "create_reports"))
    opal, store = await client.headers("opal"), client.gateway.ports.users
    act = getattr(store, how)

    async def meanwhile(*given: Any) -> Any:
        accounts.change(anna, role="admin")
        return await act(*given)

    monkeypatch.setattr(store, how, meanwhile)
    path = f"{USERS}/{anna}"
    answer = await (client.http.put(path, headers=opal, json={"status": "disabled"}) if how == "change"
                    else client.http.delete(path, headers=opal))  # fmt: skip
    assert answer.status_code == 409, answer.text
    assert (accounts.shown(anna).role, accounts.shown(anna).status) == ("admin", "active")


@pytest.mark.parametrize("meanwhile", ["promoted", "removed", "disabled"])
@pytest.mark.parametrize(
    ("verb", "path", "store", "does"),
    [
        ("POST", "reset-password", "users", "set_password"),
        ("POST", "unlock", "attempts", "clear"),
        ("POST", "unlock", "users", "change"),
        ("DELETE", "mfa", "factors", "remove"),
    ],
)
async def test_nobody_is_helped_who_became_another_a_moment_ago(
    client: Client, monkeypatch: pytest.MonkeyPatch, verb: str, path: str, store: str, does: str, meanwhile: str
) -> None:
    accounts, anna = client.world.accounts, client.world.ids["anna"]
    accounts.change(client.world.ids["opal"], granted=("user_management", "manage_jobs", "create_reports"))
    opal, kept = await client.headers("opal"), getattr(client.gateway.ports, store)
    accounts.factors[anna] = Factor(secret="s", salt=b"", enabled=True)
    accounts.change(anna, status="locked")
    act, before = getattr(kept, does), accounts.users[anna]

    async def overtaken(*given: Any, **named: Any) -> Any:
        if meanwhile == "removed":
            del accounts.users[anna]
        else:
            accounts.change(anna, **({"role": "admin"} if meanwhile == "promoted" else {"status": "disabled"}))
        return await act(*given, **named)

    monkeypatch.setattr(kept, does, overtaken)
    answer = await client.http.request(verb, f"{USERS}/{anna}/{path}", headers=opal)
    if meanwhile == "disabled" and path != "unlock":
        assert answer.status_code == 200, "it may still be helped, and stays out"
        return
    assert answer.status_code == (404 if meanwhile == "removed" else 409), answer.text
    if meanwhile != "removed":
        user, password_hash = accounts.users[anna]
        assert password_hash == before[1] and accounts.factors[anna].enabled and user.status != "active"


async def test_a_job_of_a_removed_account_is_not_started_again(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await client.scrape(await client.headers("anna"))
    client.world.jobs.change(made["run_id"], state="completed")

    async def gone(*given: Any, **more: Any) -> Any:
        raise OwnerGone

    monkeypatch.setattr(client.world.jobs, "start", gone)
    answer = await client.http.post(f"/api/v1/jobs/{made['job_id']}/start", headers=await client.headers("root"))
    assert answer.status_code == 409 and "was removed" in answer.json()["error"]["message"]


async def test_a_key_changes_no_password(client: Client) -> None:
    anna = await client.headers("anna")
    key = (await client.http.post("/api/v1/auth/keys", headers=anna, json={"name": "k"})).json()["key"]
    good = {"current_password": PASSWORD, "new_password": OTHER, "confirm_password": OTHER}
    path = f"{USERS}/{client.world.ids['anna']}/password"
    assert (await client.http.put(path, headers={"X-API-Key": key}, json=good)).status_code == 403
    assert (await client.http.post("/auth/mfa/setup", headers={"X-API-Key": key})).status_code == 403


async def test_a_temporary_password_lets_in_for_a_while(world: World) -> None:
    async with running(world, temporary_lifetime=0) as client:
        path = f"{USERS}/{world.ids['anna']}/reset-password"
        root = await client.headers("root")
        over = (await client.http.post(path, headers=root)).json()["data"]
        assert (await login(client, "anna", over["temporary_password"])).status_code == 401
    async with running(world) as client:
        root, anna = await client.headers("root"), await client.headers("otto")
        path = f"{USERS}/{world.ids['otto']}/reset-password"
        given = await client.http.post(path, headers=root, json={"temporary_password": OTHER})
        assert given.json()["data"]["temporary_password"] == OTHER
        assert (await client.http.get("/auth/me", headers=anna)).status_code == 401
        found = (await login(client, "otto", OTHER)).json()["data"]["user"]
        assert found["password_change_required"] is True
        mailed = await client.http.post(path, headers=root, json={"send_email": True})
        assert mailed.json()["data"]["temporary_password"] is None and mailed.json()["data"]["email_sent"]
        assert world.accounts.mails[-1].kind == "password_reset"
        client.world.accounts.change(world.ids["otto"], email=None)
        assert (await client.http.post(path, headers=root, json={"send_email": True})).status_code == 422


async def test_no_mail_is_promised_where_none_is_sent(world: World) -> None:
    async with running(world, mail=False) as client:
        root, otto = await client.headers("root"), await client.headers("otto")
        key = {
            "X-API-Key": (await client.http.post("/api/v1/auth/keys", headers=otto, json={"name": "k"})).json()["key"]
        }
        before = world.accounts.users[world.ids["otto"]]
        reset, acts = f"{USERS}/{world.ids['otto']}/reset-password", len(world.accounts.acts)
        for path, asked, field in (
            (reset, {"send_email": True}, "send_email"),
            (reset, {"send_email": True, "temporary_password": OTHER}, "send_email"),
            (USERS, {**NEW, "send_welcome_email": True}, "send_welcome_email"),
        ):
            answer = await client.http.post(path, headers=root, json=asked)
            assert answer.status_code == 422, answer.text
            details = answer.json()["error"]["details"]
            assert details["field"] == field and "TRAWL_SMTP_URL" in details["reason"]
        assert world.accounts.users[world.ids["otto"]] == before and len(world.accounts.acts) == acts
        for headers in (otto, key):
            assert (await client.http.get("/auth/me", headers=headers)).status_code == 200
        assert world.accounts.mails == [] and (await login(client, "nina", NEW["password"])).status_code == 401
        shown = (await client.http.post(reset, headers=root, json={})).json()["data"]
        assert shown["email_sent"] is False
        assert (await login(client, "otto", shown["temporary_password"])).status_code == 200
        assert (await client.http.post(USERS, headers=root, json=NEW)).status_code == 201


async def test_whoever_registers_chooses_among_the_roles_of_a_setting(world: World) -> None:
    path, asked = "/auth/register", {**NEW, "last_name": "Noor"}
    async with running(world) as client:
        assert (await client.http.post(path, json=asked)).status_code == 403
    async with running(world, registration=True, registration_roles=("viewer", "analyst")) as client:
        for role in ("admin", "king", "senior_analyst"):
            assert (await client.http.post(path, json={**asked, "role": role})).status_code == 422
        assert (await client.http.post(path, json={**asked, "permissions": ["admin"]})).status_code == 422
        made = await client.http.post(path, json=asked)
        assert made.status_code == 201 and made.json()["data"]["role"] == "viewer"
        assert (await login(client, "nina", NEW["password"])).status_code == 200
        for taken in ({"username": "Nina"}, {"email": "NINA@example.com"}):
            again = {**asked, "username": "nora", "email": "nora@example.com", **taken}
            assert (await client.http.post(path, json=again)).status_code == 409
        more = {**asked, "username": "ole", "email": "ole@example.com", "role": "analyst"}
        assert (await client.http.post("/api/v2/auth/register", json=more)).json()["data"]["role"] == "analyst"


@pytest.mark.parametrize(
    "change",
    [
        {"username": "anna@example.com"},
        {"username": "a b"},
        {"username": "ünï"},
        {"email": "not an address"},
        {"email": "a@b.c\nBcc: x@y.z"},
        {"password": "elevenchars"},
        {"password": "Password1234"},
        {"password": "nina-nina-12"},
        {"first_name": "a\nb"},
    ],
)
async def test_what_no_account_can_have_is_said_with_its_field(client: Client, change: dict[str, str]) -> None:
    answer = await client.http.post(USERS, headers=await client.headers("root"), json=NEW | change)
    assert answer.status_code == 422, answer.text
    field = next(iter(change))
    assert answer.json()["error"]["details"]["field"] in (field, "body") and change[field] not in answer.text


async def test_sessions_are_seen_and_ended_by_their_owner(client: Client) -> None:
    here, there, otto = [await client.headers(name) for name in ("anna", "anna", "otto")]
    shown = (await client.http.get("/api/v1/auth/sessions", headers=here)).json()["sessions"]
    framed = (await client.http.get("/auth/sessions", headers=here)).json()["data"]["sessions"]
    assert len(shown) == 2 == len(framed) and sum(session["current"] for session in shown) == 1
    other = next(session["id"] for session in shown if not session["current"])
    for path in (f"/api/v1/auth/sessions/{other}", f"/auth/sessions/{other}", "/auth/sessions/nonsense"):
        assert (await client.http.delete(path, headers=otto)).status_code == 404
    assert (await client.http.delete(f"/api/v1/auth/sessions/{other}", headers=here)).status_code == 200
    assert (await client.http.get("/auth/me", headers=there)).status_code == 401
    assert (await client.http.delete(f"/auth/sessions/{other}", headers=here)).status_code == 404


async def test_a_session_ends_when_it_is_idle_or_old_unless_it_is_remembered(client: Client) -> None:
    from datetime import UTC, datetime, timedelta

    accounts = client.world.accounts
    tokens = {
        name: (await login(client, "anna", PASSWORD, remember_me=name == "remembered")).json()["data"]
        for name in ("usual", "remembered")
    }

    async def refreshed(name: str, hours: float) -> bool:
        accounts.clock = lambda: datetime.now(UTC) + timedelta(hours=hours)
        answer = await client.http.post("/auth/refresh", json={"refresh_token": tokens[name]["refresh_token"]})
        if answer.status_code == 200:
            tokens[name] = answer.json()["data"]
        return answer.status_code == 200

    assert await refreshed("usual", 11) and await refreshed("usual", 22), "what is used is not idle"
    assert not await refreshed("usual", 35)
    assert await refreshed("remembered", 35)


async def test_what_an_administrator_does_at_once_with_everything_is_written_down(client: Client) -> None:
    root = await client.headers("root")
    answers = await asyncio.gather(*(client.http.post(USERS, headers=root, json=NEW) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    created = [act for act in client.world.accounts.acts if act.action == "user_created" and act.actor != "test"]
    assert len(created) == 1 and isinstance(created[0], Act) and NEW["password"] not in str(created)
