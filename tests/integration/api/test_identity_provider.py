"""A gateway and a real OpenID Connect provider (npm's oidc-provider), real OAuth2 clients, and keys that rotate."""

import asyncio
import base64
import hashlib
import itertools
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx
import pytest

from api.main import rotate_signing_keys
from infra.local.ports import free_port
from infra.postgres.pool import Database
from infra.settings import Settings
from tests.integration.api.conftest import Served, administrator
from tests.integration.api.test_gateway import until_true
from tests.unit.api.naughty import STRINGS

PACKAGE = "oidc-provider@9.13.3"
BACK = "https://board.example/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def installed() -> Path:
    """The provider's module, installed once for this user; skips only where there is no npm."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "trawl-tests" / PACKAGE.replace("@", "-")
    module = folder / "node_modules" / "oidc-provider" / "lib" / "index.js"
    if not module.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        said = subprocess.run(
            [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", PACKAGE],
            cwd=folder, capture_output=True, text=True, timeout=280, check=False,
        )  # fmt: skip
        assert said.returncode == 0, said.stderr
    return module


@pytest.fixture(scope="module")
def provider(served: Served) -> Iterator[str]:
    """The provider's issuer; the gateway is begun again so that it knows it."""
    issuer, secret = f"http://127.0.0.1:{free_port()}", secrets.token_urlsafe(16)
    script = Path(__file__).parent / "provider" / "server.mjs"
    with subprocess.Popen(
        ["node", str(script), str(installed()), issuer, f"{served.url}/oidc/callback", secret],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout and process.stdout.readline() == "listening\n"
            served.stop()
            served.environ |= {"TRAWL_OIDC_ISSUER": issuer, "TRAWL_OIDC_CLIENT_SECRET": secret,
                               "TRAWL_OIDC_CREATE": "true", "TRAWL_OIDC_ROLE": "analyst"}  # fmt: skip
            served.start()
            yield issuer
        finally:
            process.terminate()


@pytest.fixture
async def browser(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.url, trust_env=False, timeout=60) as http:
        yield http


async def signed_in_there(browser: httpx.AsyncClient, url: str, login: str) -> httpx.Response:
    """Follows the provider's own forms until the browser is sent back, and goes there."""
    answer = await browser.get(url)
    for _ in range(12):
        if "location" in answer.headers:
            answer = await browser.get(urljoin(str(answer.url), answer.headers["location"]))
            if answer.url.path == "/oidc/callback":
                return answer
            continue
        form = re.search(r'action="([^"]+)"', answer.text)
        assert answer.status_code == 200 and form, answer.text
        prompt = "login" if 'name="login"' in answer.text else "consent"
        values = {"prompt": prompt, **({"login": login, "password": "any"} if prompt == "login" else {})}
        answer = await browser.post(urljoin(str(answer.url), form[1]), data=values)
    raise AssertionError("the provider never sent the browser back")


async def test_people_sign_in_with_the_provider(served: Served, provider: str, browser: httpx.AsyncClient) -> None:
    login = f"ida-{secrets.token_hex(4)}"
    door = (await browser.get("/", headers={"Accept": "text/html"})).text
    assert "/oidc/sign-in" in door and urlsplit(provider).netloc in door
    for _ in range(2):
        away = await browser.get("/oidc/sign-in")
        assert away.status_code == 303 and away.headers["location"].startswith(provider), away.text
        back = await signed_in_there(browser, away.headers["location"], login)
        assert back.status_code == 303 and back.headers["location"] == "/", back.text
        me = (await browser.get("/api/v1/auth/me")).json()
        assert (me["username"], me["role"], me["email"]) == (login, "analyst", f"{login}@id.example")
        browser.cookies.clear()
    # The code was spent, and the browser has no longer the cookie that it was bound to.
    assert (await browser.get(str(back.url))).status_code == 401


async def test_a_provider_that_is_away_is_said(served: Served, provider: str, browser: httpx.AsyncClient) -> None:
    visit = await browser.get("/oidc/sign-in")
    state = parse_qs(urlsplit(visit.headers["location"]).query)["state"][0]
    made_up = await browser.get("/oidc/callback", params={"code": "made-up", "state": state, "iss": provider})
    assert made_up.status_code == 401 and "did not let you in" in made_up.text


async def test_naughty_answers_of_a_provider_are_not_believed(provider: str, browser: httpx.AsyncClient) -> None:
    places = itertools.cycle(["state", "code", "iss", "error", "error_description", "x", "next"])
    texts = (text for text in STRINGS if len(text) < 10_000)  # longer, and httpx sends nothing
    for text, place in zip(texts, places, strict=False):
        said = {place: text.encode("utf-8", "surrogatepass")}
        away = await browser.get(f"/oidc/sign-in?{urlencode(said)}" if place == "next" else "/oidc/sign-in")
        if place == "next":
            assert away.status_code in (303, 414, 422), (text, away.text)
            continue
        state = parse_qs(urlsplit(away.headers["location"]).query)["state"][0]
        values = {"state": state, "code": "made-up", "iss": provider} | said
        back = await browser.get(f"/oidc/callback?{urlencode(values)}")
        if len(str(back.url)) < 8_000:
            assert back.status_code == (422 if "\x00" in text else 401), (text, place, back.text)
            browser.cookies.clear()
        else:
            assert back.status_code == 414


async def test_a_program_is_let_in_and_a_code_that_comes_back_ends_it(
    served: Served, browser: httpx.AsyncClient, engines: Any
) -> None:
    headers = await administrator(served)
    wanted = {"name": f"board {secrets.token_hex(4)}", "redirect_uris": [BACK], "scopes": ["read_data"]}
    made = (await browser.post("/api/v1/oauth/clients", json=wanted, headers=headers)).json()
    ours = {"Origin": served.url}
    await browser.post("/sign-in", data={"username": "admin", "password": served.password}, headers=ours)
    asking = {"response_type": "code", "client_id": made["client_id"], "redirect_uri": BACK,
              "code_challenge": CHALLENGE, "code_challenge_method": "S256"}  # fmt: skip
    answer = await browser.post("/oauth/authorize", data={**asking, "decision": "allow"}, headers=ours)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    auth = httpx.BasicAuth(made["client_id"], made["client_secret"])
    browser.cookies.clear()
    given = await browser.post("/oauth/token", data=form, auth=auth)
    assert given.status_code == 200, given.text
    bearer = {"Authorization": f"Bearer {given.json()['access_token']}"}
    assert (await browser.get("/api/v1/jobs", headers=bearer)).status_code == 200
    assert (await browser.get("/api/v1/oauth/clients", headers=bearer)).status_code == 403
    async with Database(engines.postgres) as database:
        secret = (made["client_secret"], code, given.json()["refresh_token"])
        for table in ("oauth_clients", "oauth_codes", "sessions"):
            kept = str(await database.fetch(f"select * from {table}".encode()))
            assert not any(text in kept for text in secret)
    assert (await browser.post("/oauth/token", data=form, auth=auth)).json()["error"] == "invalid_grant"
    assert (await browser.get("/api/v1/jobs", headers=bearer)).status_code == 401


async def test_keys_rotate_and_nobody_is_signed_out(
    served: Served, browser: httpx.AsyncClient, engines: Any, tmp_path: Path
) -> None:
    port = free_port()
    environ = served.environ | {"TRAWL_PORT": str(port), "TRAWL_METRICS_PORT": str(free_port())}
    other = Served(environ, port, 0, tmp_path, served.password)
    await asyncio.to_thread(other.start)
    try:
        headers = await administrator(served)
        settings = Settings(data=tmp_path, postgres=engines.postgres)
        for name in ("SIGNING_KEY", "DASHBOARDS_KEY", "SEAL_KEY"):
            folder = tmp_path / "secrets"
            folder.mkdir(exist_ok=True)
            (folder / name.lower()).write_text(served.environ[f"TRAWL_SECRET_{name}"])
        async with Database(engines.postgres) as database:
            before = await _published(served)
            kid = await rotate_signing_keys(database, settings)
            assert kid in before, "the key that signs was published before"
            rows = await database.fetch("select kid, state, sealed from signing_keys")
            assert [row["kid"] for row in rows if row["state"] == "current"] == [kid]
        fresh = await administrator(other)  # signed with whatever key that replica knows by now
        for replica in (served, other):
            async with httpx.AsyncClient(base_url=replica.url, trust_env=False, timeout=60) as http:
                for each in (headers, fresh):
                    assert (await http.get("/api/v1/auth/me", headers=each)).status_code == 200

        async def both_know() -> bool:
            return await _published(served) == await _published(other) > before

        await until_true(both_know)
    finally:
        await asyncio.to_thread(other.stop)


async def _published(served: Served) -> set[str]:
    async with httpx.AsyncClient(base_url=served.url, trust_env=False, timeout=60) as http:
        return {key["kid"] for key in (await http.get("/.well-known/jwks.json")).json()["keys"]}
