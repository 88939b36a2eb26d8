"""Ways to become somebody, or more than one is, that must stay shut."""

import pytest
from argon2 import PasswordHasher

from api.auth.oidc import _name
from api.auth.passwords import Passwords
from api.auth.scoping import changes_account
from tests.unit.api.conftest import PASSWORD, Client

HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
KEYS = "/api/v1/auth/keys"


async def test_no_password_opens_an_account_that_has_none() -> None:
    async with Passwords(hasher=HASHER) as one, Passwords(hasher=HASHER) as other:
        for guess in ("", "nobody has this password", PASSWORD):
            assert not await one.matches("", guess) and not await one.matches(None, guess)
        assert one._nobodys != other._nobodys and not HASHER.check_needs_rehash(one._nobodys)


@pytest.mark.parametrize(("method", "what"), [("POST", "reset-password"), ("DELETE", "mfa")])
async def test_what_is_asked_of_an_administrator_is_not_done_to_oneself(client: Client, method: str, what: str) -> None:
    root, own = await client.headers("root"), client.world.ids["root"]
    answer = await client.http.request(method, f"/api/v2/users/{own}/{what}", headers=root)
    assert answer.status_code == 409 and "your own account" in answer.text
    assert (
        await client.http.post("/api/v1/auth/login", json={"username": "root", "password": PASSWORD})
    ).status_code == 200


@pytest.mark.parametrize(
    ("path", "is_one"),
    [("/users/7/reset-password", True), ("/api/v2/users/7/mfa", True), ("/api/users/7/password", True),
     ("/api/v2/users/7", False), ("/api/v1/auth/keys", True), ("/api/v1/auth/credentials", False)],
)  # fmt: skip
def test_scoped_credentials_write_to_no_account(path: str, is_one: bool) -> None:
    assert changes_account(path) is is_one


async def test_a_key_leaves_none_behind_that_outlives_it(client: Client) -> None:
    anna = await client.headers("anna")
    first = (await client.http.post(KEYS, headers=anna, json={"name": "a", "expires_in_days": 1})).json()
    by_key = {"X-API-Key": first["key"]}
    for asked in ({"name": "b"}, {"name": "c", "expires_in_days": 90}):
        made = (await client.http.post(KEYS, headers=by_key, json=asked)).json()
        assert made["expires_at"] == first["expires_at"]


@pytest.mark.parametrize(
    ("given", "email", "name"),
    [("ida", None, "ida"), ("Ida@Corp.COM", "ida@corp.com", "Ida@Corp.COM"), ("ida@corp.com", "eve@evil.test", ""),
     ("service:nightly", None, ""), (None, "a@b.c", "")],
)  # fmt: skip
def test_a_providers_name_takes_nobodys_place(given: str | None, email: str | None, name: str) -> None:
    assert _name(given, email) == name
