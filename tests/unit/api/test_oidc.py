"""Signing in with an outside provider, and what may be tried on the way (OpenID Connect Core, RFC 8725, 9207, 9700)."""

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from api.config import OidcConfig
from tests.unit.api.conftest import PASSWORD, Client, World, running
from tests.unit.api.oidc_fakes import ISSUER, FakeProvider

OURS = {"Origin": "http://gateway.test"}
HTML = {"Accept": "text/html"}
PROOF = {"current_password": PASSWORD}


def configured(**fields: Any) -> OidcConfig:
    return OidcConfig(**{"issuer": ISSUER, "client_id": "trawl", "client_secret": "hidden", "create": True, **fields})


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with running(world, oidc=configured()) as found:
        yield found


async def away(client: Client, onward: str = "/dashboards/overview") -> dict[str, str]:
    answer = await client.http.get("/oidc/sign-in", params={"next": onward})
    assert answer.status_code == 303 and answer.headers["location"].startswith(f"{ISSUER}/authorization_endpoint?")
    return client.world.provider.visit(answer.headers["location"])


async def back(client: Client, visit: dict[str, str], **more: str) -> httpx.Response:
    return await client.http.get("/oidc/callback", params={**visit, **more})


async def me(client: Client) -> Any:
    answer = await client.http.get("/api/v1/auth/me")
    return answer.json().get("username") if answer.status_code == 200 else None


async def test_somebody_new_gets_an_account_and_is_known_again(client: Client) -> None:
    provider = client.world.provider
    provider.claims = {"email": "ida@example.com", "email_verified": True}
    first = await back(client, await away(client, "/dashboards/run?id=4"))
    assert first.status_code == 303 and first.headers["location"] == "/"  # dashboards are for administrators
    assert await me(client) == "ida"
    user = next(user for user, _ in client.world.accounts.users.values() if user.username == "ida")
    assert (user.role, user.email) == ("viewer", "ida@example.com")
    client.http.cookies.clear()
    provider.claims = {"preferred_username": "anna", "email": "root@example.com", "email_verified": True}
    await back(client, await away(client))
    assert await me(client) == "ida"
    assert provider.forms[0]["basic"] == "trawl:hidden" and len(provider.forms[0]["code_verifier"]) >= 43
    assert [act.details["how"] for act in client.world.accounts.acts if act.action == "signed_in"] == ["oidc", "oidc"]


@pytest.mark.parametrize("verified", [True, False, "true", None])
async def test_an_address_or_a_name_is_not_who_somebody_is(client: Client, verified: Any) -> None:
    for claims in (
        {"email": "root@example.com", "email_verified": verified, "preferred_username": "new"},
        {"preferred_username": "root"},
    ):
        client.world.provider.claims = claims
        await back(client, await away(client))
        assert await me(client) in (None, "new")
        client.http.cookies.clear()
    owner = [user.username for user, _ in client.world.accounts.users.values() if user.email == "root@example.com"]
    assert owner == ["root"] and client.world.ids["root"] not in client.world.identities.known.values()


async def test_nobody_new_is_let_in_unless_that_is_set(world: World) -> None:
    async with running(world, oidc=configured(create=False)) as client:
        answer = await back(client, await away(client))
        assert answer.status_code == 401 and "no account here" in answer.text and await me(client) is None
        assert [act.action for act in world.accounts.acts][-1] == "sign_in_refused"


def onward_of(page: httpx.Response) -> str:
    """Where the page leads on."""
    return page.text.split('class="button" href="')[1].split('"')[0].replace("&amp;", "&")


async def test_whoever_has_an_account_links_it(world: World) -> None:
    async with running(world, oidc=configured(create=False)) as client:
        await client.http.post("/sign-in", data={"username": "anna", "password": PASSWORD}, headers=OURS)
        assert 'action="/oidc/link"' in (await client.http.get("/", headers=HTML)).text
        for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
            assert (await client.http.post("/oidc/link", headers=headers, data=PROOF)).status_code == 403
        page = await client.http.post("/oidc/link", headers=OURS, data=PROOF)
        url = onward_of(page)
        assert (await back(client, world.provider.visit(url))).status_code == 303
        assert world.accounts.mails[-1].kind == "identity_linked" and ISSUER in world.accounts.mails[-1].subject
        client.http.cookies.clear()
        await back(client, await away(client))
        assert await me(client) == "anna"
        world.accounts.change(world.ids["anna"], status="disabled")
        client.http.cookies.clear()
        assert (await back(client, await away(client))).status_code == 401
        assert await me(client) is None


async def test_a_session_alone_links_nobody(world: World) -> None:
    async with running(world, oidc=configured(create=False)) as client:
        await client.http.post("/sign-in", data={"username": "anna", "password": PASSWORD}, headers=OURS)
        assert (await client.http.post("/oidc/link", headers=OURS)).status_code == 422
        wrong = await client.http.post("/oidc/link", headers=OURS, data={"current_password": "wrong"})
        assert wrong.status_code == 401 and "This is not your password." in wrong.text
        assert "trawl_visit" not in client.http.cookies and not world.identities.known
        page = await client.http.post("/oidc/link", headers=OURS, data=PROOF)
        world.accounts.turn(world.ids["anna"])
        refused = await back(client, world.provider.visit(onward_of(page)))
        assert refused.status_code == 401 and "changed a moment ago" in refused.text and not world.identities.known
        user, _ = world.accounts.users[world.ids["anna"]]
        world.accounts.users[user.id] = (user, "")
        none = await client.http.post("/oidc/link", headers=OURS, data=PROOF)
        assert none.status_code == 409 and "no password" in none.text


async def test_a_link_is_for_the_session_that_asked_for_it(world: World) -> None:
    async with running(world, oidc=configured(create=False)) as client:
        await client.http.post("/sign-in", data={"username": "anna", "password": PASSWORD}, headers=OURS)
        page = await client.http.post("/oidc/link", headers=OURS, data=PROOF)
        url = onward_of(page)
        await client.http.post("/sign-out", headers=OURS)
        await client.http.post("/sign-in", data={"username": "root", "password": PASSWORD}, headers=OURS)
        assert (await back(client, world.provider.visit(url))).status_code == 401
        assert not world.identities.known


async def test_an_answer_is_for_the_browser_that_asked(client: Client) -> None:
    visit = await away(client)
    cookies = dict(client.http.cookies)
    assert (await back(client, visit, state="another")).status_code == 401
    client.http.cookies.clear()
    assert (await back(client, visit)).status_code == 401
    client.http.cookies.set("trawl_visit", "forged", path="/oidc")
    assert (await back(client, visit)).status_code == 401
    client.http.cookies.clear()
    session = (await client.headers("anna"))["Authorization"].split()[1]
    client.http.cookies.set("trawl_visit", session, path="/oidc")
    assert (await back(client, visit)).status_code == 401 and not client.world.provider.forms
    client.http.cookies.clear()
    client.http.cookies.set("trawl_visit", cookies["trawl_visit"], path="/oidc")
    assert (await back(client, visit)).status_code == 303
    again = await back(client, visit)
    assert again.status_code == 401  # the cookie went with the first answer


async def test_the_cookie_is_short_lived_and_for_this_way_only(client: Client) -> None:
    answer = await client.http.get("/oidc/sign-in")
    cookie = answer.headers["set-cookie"].lower()
    for part in ("httponly", "samesite=lax", "path=/oidc", "max-age=600"):
        assert part in cookie
    for kind in ("browser", "access"):
        with pytest.raises(Exception, match="not valid"):
            client.gateway.tokens.believed(kind, client.http.cookies["trawl_visit"])


WRONG: list[dict[str, Any]] = [
    {"iss": "https://evil.example"},
    {"iss": f"{ISSUER}/"},
    {"iss": None},
    {"aud": "another"},
    {"aud": ["trawl", "another"]},
    {"aud": ["trawl", "another"], "azp": "another"},
    {"aud": None},
    {"azp": "another"},
    {"nonce": "another"},
    {"nonce": None},
    {"nonce": 7},
    {"exp": int(time.time()) - 120},
    {"exp": None},
    {"exp": "soon"},
    {"iat": int(time.time()) + 86_400},
    {"iat": int(time.time()) - 3600},
    {"iat": None},
    {"nbf": int(time.time()) + 86_400},
    {"sub": None},
    {"sub": ""},
    {"sub": "x" * 256},
]


@pytest.mark.parametrize("claims", WRONG)
async def test_a_token_with_a_wrong_claim_lets_nobody_in(client: Client, claims: dict[str, Any]) -> None:
    client.world.provider.claims = claims
    answer = await back(client, await away(client))
    assert answer.status_code == 401 and await me(client) is None and not client.world.identities.known
    assert client.world.accounts.acts[-1].action == "sign_in_refused"


async def test_a_token_for_several_says_for_whom(client: Client) -> None:
    client.world.provider.claims = {"aud": ["trawl", "another"], "azp": "trawl"}
    assert (await back(client, await away(client))).status_code == 303


def text(value: Any) -> str:
    return (
        base64.urlsafe_b64encode(value if isinstance(value, bytes) else json.dumps(value).encode())
        .rstrip(b"=")
        .decode()
    )


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "unknown"},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
        {"jku": "http://127.0.0.1:1/", "kid": "theirs"},
    ],
)
async def test_a_token_with_an_odd_header_lets_nobody_in(client: Client, header: dict[str, Any]) -> None:
    client.world.provider.header = header
    assert (await back(client, await away(client))).status_code == 401
    assert all(url.startswith(ISSUER) for url in client.world.provider.asked)


@pytest.mark.parametrize("how", ["none", "hs256", "another key", "another claim", "empty", "too long", "rs256 named"])
async def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(client: Client, how: str) -> None:
    provider, visit = client.world.provider, await away(client)
    head, body, signature = provider.token(provider.nonces["a code"]).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    if how == "none":
        provider.answer = f"{text({'alg': 'none', 'kid': 'one'})}.{body}."
    elif how == "hs256":
        start = f"{text({'alg': 'HS256', 'kid': 'one'})}.{body}"
        secret = json.dumps(provider.jwks()["keys"][0]).encode()
        provider.answer = f"{start}.{text(hmac.digest(secret, start.encode(), sha256))}"
    elif how == "another key":
        stranger = FakeProvider(kid="one")
        provider.answer = stranger.token(provider.nonces["a code"])
    elif how == "another claim":
        provider.answer = f"{head}.{text({**claims, 'sub': 'root'})}.{signature}"
    elif how == "rs256 named":
        provider.answer = f"{text({'alg': 'RS256', 'kid': 'one'})}.{body}.{signature}"
    else:
        provider.answer = "." if how == "empty" else "A" * 20_000
    assert (await back(client, visit)).status_code == 401 and await me(client) is None


async def test_a_new_key_of_the_provider_is_fetched_but_not_for_every_forged_token(client: Client) -> None:
    provider = client.world.provider
    await back(client, await away(client))
    keys = f"{ISSUER}/jwks"
    assert provider.asked.count(keys) == 1
    provider.header = {"kid": "forged"}
    for _ in range(20):
        await back(client, await away(client))
    assert provider.asked.count(keys) == 1  # looked a moment ago
    oidc = client.gateway.oidc
    assert oidc is not None
    oidc._kept[keys] = (time.time() - 31, oidc._kept[keys][1])
    provider.header, provider.kid, provider.key = {}, "two", ec.generate_private_key(ec.SECP256R1())
    assert (await back(client, await away(client))).status_code == 303
    assert provider.asked.count(keys) == 2


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://id.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": 7},
        {"token_endpoint": None},
    ],
)
async def test_a_provider_that_says_odd_things_of_itself_is_not_used(client: Client, document: dict[str, Any]) -> None:
    client.world.provider.document = document
    answer = await client.http.get("/oidc/sign-in")
    assert answer.status_code == 503 and "password" in answer.text and "location" not in answer.headers


async def test_an_answer_of_another_issuer_is_refused(client: Client) -> None:
    assert (await back(client, await away(client), iss="https://evil.example")).status_code == 401
    client.world.provider.document = {"authorization_response_iss_parameter_supported": True}
    client.gateway.oidc._kept.clear()  # type: ignore[union-attr]
    assert (await back(client, await away(client))).status_code == 401
    assert (await back(client, await away(client), iss=ISSUER)).status_code == 303


async def test_what_goes_wrong_is_said_in_a_sentence(client: Client) -> None:
    visit = await away(client)
    for more in ({"error": "access_denied"}, {"code": "another"}, {"code": ""}):
        answer = await back(client, {**visit, **more})
        assert answer.status_code == 401 and "did not let you in" in answer.text
        visit = await away(client)
    client.world.provider.away = True
    client.gateway.oidc._kept.clear()  # type: ignore[union-attr]
    assert "does not answer" in (await back(client, visit)).text
    assert (await client.http.get("/oidc/sign-in")).status_code == 503


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_nobody_is_sent_elsewhere_afterwards(client: Client, onward: str) -> None:
    answer = await back(client, await away(client, onward))
    assert answer.headers["location"] == "/"


async def test_the_door_shows_the_way_only_where_there_is_one(client: Client, world: World) -> None:
    page = (await client.http.get("/", headers=HTML)).text
    assert "/oidc/sign-in?next=" in page and "id.example" in page
    async with running(world) as plain:
        assert "/oidc/" not in (await plain.http.get("/", headers=HTML)).text
        for path in ("/oidc/sign-in", "/oidc/callback"):
            assert (await plain.http.get(path)).status_code == 404


async def test_the_way_back_is_ours_alone(client: Client) -> None:
    answer = await client.http.get("/oidc/sign-in")
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["redirect_uri"] == ["http://gateway.test/oidc/callback"] and asked["scope"] == ["openid profile email"]
    assert len(asked["nonce"][0]) >= 43 and len(asked["state"][0]) >= 43


ODD: list[Any] = [None, 7, True, "", "text", [], {}, [None], ["text", 7], "https://[", "https://x:y/", "https:///x",
                  "https://a b/", "https://id.example\r\nX-Odd: 1"]  # fmt: skip


@pytest.mark.parametrize("name", ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "keys"])
async def test_no_document_of_the_provider_is_an_accident_here(client: Client, name: str) -> None:
    provider, oidc = client.world.provider, client.gateway.oidc
    assert oidc is not None
    for value in ODD:
        oidc._kept.clear()
        provider.document = {name: value}
        answer = await client.http.get("/oidc/sign-in")
        fits = name == "keys" and isinstance(value, list)
        assert answer.status_code == (303 if fits else 503), value
        assert fits or "password" in answer.text


@pytest.mark.parametrize("name", ["keys", "kty", "crv", "x", "alg", "use", "kid"])
async def test_no_key_of_the_provider_is_an_accident_here(client: Client, name: str) -> None:
    provider, oidc = client.world.provider, client.gateway.oidc
    assert oidc is not None
    right = provider.jwks()
    for value in ODD:
        oidc._kept.clear()
        odd = {"keys": value} if name == "keys" else {"keys": [{**right["keys"][0], name: value}]}
        provider.jwks = lambda odd=odd: odd  # type: ignore[method-assign,misc]
        answer = await back(client, await away(client))
        assert answer.status_code == 401 and "identity provider" in answer.text, value
        assert await me(client) is None


@pytest.mark.parametrize("name", ["sub", "aud", "exp", "iat", "nonce", "nbf", "azp"])
async def test_no_claim_of_the_provider_is_an_accident_here(client: Client, name: str) -> None:
    for value in ([], {}, [None], {"a": 1}, "\ud800", 10**400, float("nan"), True):
        client.world.provider.claims = {name: value}
        answer = await back(client, await away(client))
        assert answer.status_code == (303 if (name, value) == ("nbf", True) else 401), value


async def test_a_provider_that_says_nothing_of_how_a_client_shows_itself_is_asked_in_the_usual_way(
    client: Client,
) -> None:
    odd: list[Any] = [None, 7, {}, "client_secret_basic"]
    for ways in odd:
        client.gateway.oidc._kept.clear()  # type: ignore[union-attr]
        client.world.provider.document = {"token_endpoint_auth_methods_supported": ways}
        assert (await back(client, await away(client))).status_code == 303
        client.http.cookies.clear()
