"""The pages of a browser."""

import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from api.auth.first import one_time_link
from schemas.events import RequestLog
from schemas.tickets import Holder, verify
from tests.unit.api.conftest import PASSWORD, Client, World, running

HTML = {"Accept": "text/html"}
OURS = {"Origin": "http://gateway.test"}
FORM = {"username": "anna", "password": PASSWORD}
ROOT = {**FORM, "username": "root"}
PROXIED = {"public_url": "https://trawl.example", "dashboards_url": "https://dash.example"}


async def sign_in(client: Client, username: str = "anna") -> None:
    answer = await client.http.post("/sign-in", data={**FORM, "username": username}, headers=OURS)
    assert answer.status_code == 303, answer.text


async def test_programs_are_told_where_the_documentation_is(client: Client) -> None:
    found = (await client.http.get("/")).json()
    assert found["name"] == "trawl" and found["documentation"] == "/docs"


async def test_the_page_is_whole_without_scripts_or_other_hosts(client: Client) -> None:
    page = await client.http.get("/", headers=HTML)
    assert page.status_code == 200 and "Sign in" in page.text and "<script" not in page.text
    assert re.findall(r"(?:src|href)=\"(https?:|//)", page.text) == []
    assert "script-src" not in page.headers["content-security-policy"]
    for name in set(re.findall(r"/look/[\w.]+", page.text)):
        assert (await client.http.get(name)).status_code == 200
    assert (await client.http.get("/look/base.html.jinja")).status_code == 404
    assert (await client.http.get("/look/..%2frender.py")).status_code == 404


async def test_whoever_finds_the_crawler_in_a_log_is_told_how_to_keep_it_out(client: Client) -> None:
    page = await client.http.get("/bot", headers=HTML)
    token = client.gateway.config.user_agent.partition("/")[0]
    assert page.status_code == 200 and f"User-agent: {token}\nDisallow: /" in page.text and "gateway.test" in page.text


async def test_the_form_signs_in_and_leads_to_the_dashboards(client: Client) -> None:
    answer = await client.http.post("/sign-in", data=ROOT, headers=OURS)
    assert answer.status_code == 303 and answer.headers["location"] == "/dashboards/overview"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "path=/" in cookie and "secure" not in cookie
    onward = await client.http.get(answer.headers["location"])
    target = urlsplit(onward.headers["location"])
    assert (onward.status_code, target.netloc, target.path) == (303, "gateway.test:5006", "/overview")
    ticket = parse_qs(target.query)["ticket"][0]
    secret = client.gateway.config.dashboards_secret
    holder = Holder.of(verify(secret, ticket, time.time()))
    assert (holder.user_id, holder.role) == (client.world.ids["root"], "admin")
    assert list(client.world.accounts.sessions) == [holder.session_id]
    assert holder.ends == pytest.approx(time.time() + client.gateway.config.browser_lifetime, abs=300)


async def test_dashboards_are_for_those_who_may_see_everything(client: Client) -> None:
    for username in ("vera", "anna", "opal"):
        answer = await client.http.post("/sign-in", data={**FORM, "username": username, "next": "/dashboards/overview"},
                                        headers=OURS)  # fmt: skip
        assert answer.headers["location"] == "/"
        for path in ("/dashboards", "/dashboards/run?id=42"):
            page = await client.http.get(path)
            assert page.status_code == 403 and "location" not in page.headers
            assert "for administrators" in page.text and 'href="/dashboards' not in page.text


async def test_a_wrong_password_is_said_on_the_page_and_not_kept(client: Client) -> None:
    answer = await client.http.post("/sign-in", data={**FORM, "password": "hunter2"}, headers=OURS)
    assert answer.status_code == 401 and "wrong" in answer.text and 'value="anna"' in answer.text
    assert "hunter2" not in answer.text and "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://gateway.test"},
        {"Origin": "http://gateway.test:81"},
        {"Origin": "http://gateway.test.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
)
async def test_a_form_on_a_page_of_another_site_is_refused(client: Client, headers: dict[str, str]) -> None:
    assert (await client.http.post("/sign-in", data=FORM, headers=headers)).status_code == 403
    await sign_in(client)
    assert (await client.http.post("/sign-out", headers=headers)).status_code == 403
    for method, path in (("POST", "/api/v1/scrape"), ("POST", "/auth/logout"), ("DELETE", "/api/v1/auth/keys/x")):
        answer = await client.http.request(method, path, headers=headers, json={"url": "http://shop.test/"})
        assert answer.status_code == 401, path
    assert not client.world.jobs.runs


async def test_a_signed_in_page_may_use_the_api_from_here(client: Client) -> None:
    await sign_in(client)
    assert (await client.http.get("/api/v1/jobs")).status_code == 200
    answer = await client.http.post("/api/v1/scrape", json={"url": "http://shop.test/"}, headers=OURS)
    assert answer.status_code == 202


async def test_home_shows_the_ways_on_and_ones_own_jobs(client: Client) -> None:
    await client.scrape(await client.headers("anna"), name="<b>Anna's</b>")
    await client.scrape(await client.headers("otto"), name="Otto's")
    await sign_in(client)
    page = (await client.http.get("/", headers=HTML)).text
    for way in ("/docs", "/sign-out"):
        assert f'"{way}"' in page
    assert "&lt;b&gt;Anna&#39;s&lt;/b&gt;" in page and "Otto" not in page and "analyst" in page
    await sign_in(client, "root")
    page = (await client.http.get("/", headers=HTML)).text
    for way in ("/dashboards/overview", "/dashboards/run", "/dashboards/trends"):
        assert f'"{way}"' in page
    assert "Otto" in page


async def test_signing_out_ends_the_session(client: Client) -> None:
    await sign_in(client)
    cookie = dict(client.http.cookies)
    client.http.cookies.set("trawl_dashboards_5006", "the dashboards' own", domain="gateway.test", path="/")
    answer = await client.http.post("/sign-out", headers=OURS)
    assert answer.status_code == 303 and not client.http.cookies
    stolen = await client.http.get("/api/v1/jobs", headers={"Cookie": f"trawl_session={cookie['trawl_session']}"})
    assert stolen.status_code == 401


async def test_a_browsers_cookie_is_no_bearer_token(client: Client) -> None:
    await sign_in(client)
    cookie = client.http.cookies["trawl_session"]
    client.http.cookies.clear()
    answer = await client.http.get("/api/v1/jobs", headers={"Authorization": f"Bearer {cookie}"})
    assert answer.status_code == 401


async def test_a_link_signs_in_once(client: Client) -> None:
    token = await one_time_link(client.world.accounts, client.gateway.config.link_lifetime, "anna")
    assert token and token not in str(client.world.accounts.links)
    first = await client.http.get(f"/sign-in/{token}")
    assert first.status_code == 303 and first.headers["location"] == "/"
    assert (await client.http.get("/api/v1/auth/me")).json()["username"] == "anna"
    client.http.cookies.clear()
    second = await client.http.get(f"/sign-in/{token}")
    assert second.status_code == 401 and "used before" in second.text and not client.http.cookies


async def test_dashboards_keep_their_address_through_the_sign_in(client: Client) -> None:
    asked = await client.http.get("/dashboards/run?id=42&ticket=forged")
    assert asked.status_code == 303
    page = await client.http.get(asked.headers["location"], headers=HTML)
    onward = re.search(r'name="next" value="([^"]*)"', page.text)
    assert onward and onward[1].replace("&amp;", "&") == "/dashboards/run?id=42&ticket=forged"
    answer = await client.http.post("/sign-in", data={**ROOT, "next": "/dashboards/run?id=42"}, headers=OURS)
    target = (await client.http.get(answer.headers["location"])).headers["location"]
    assert target.startswith("http://gateway.test:5006/run?id=42&ticket=")


@pytest.mark.parametrize(
    "target",
    [
        *("//evil.example", "https://evil.example", "/\\evil.example", "\\/evil.example", "javascript:alert(1)"),
        *("/a\r\nX: y", "/\t/evil.example", " /x", "", "/", "@evil.example"),
    ],
)
async def test_nobody_is_sent_elsewhere_after_signing_in(client: Client, target: str) -> None:
    answer = await client.http.post("/sign-in", data={**ROOT, "next": target}, headers=OURS)
    assert answer.status_code == 303 and answer.headers["location"] == "/dashboards/overview"


@pytest.mark.parametrize("path", ["//evil.example", "/%2f%2fevil.example", "/@evil.example", "/.evil.example/"])
async def test_the_way_to_the_dashboards_leads_nowhere_else(client: Client, path: str) -> None:
    await sign_in(client, "root")
    answer = await client.http.get(f"/dashboards{path}")
    assert urlsplit(answer.headers["location"]).netloc == "gateway.test:5006"


@pytest.mark.parametrize("host", ["a b", "x/../y", "evil.example#", "ü", "[::1", "[", "x]", "", ":", "a:b", "a@b"])
async def test_a_host_that_is_none_leads_nowhere(client: Client, host: str) -> None:
    await sign_in(client, "root")
    headers = {b"Host": host.encode(), b"Origin": b"http://x", b"Accept": b"text/html"}
    for method, path in (("POST", "/sign-in"), ("POST", "/api/v1/scrape"), ("GET", "/"), ("GET", "/nothing")):
        answer = await client.http.request(method, path, headers=headers)
        assert answer.status_code < 500, (method, path, answer.text)
    answer = await client.http.get("/dashboards/overview", headers={b"Host": host.encode()})
    assert answer.status_code < 500
    if answer.status_code == 303:
        where = answer.headers["location"]
        assert where.startswith("/?next=") or re.fullmatch(r"http://[A-Za-z0-9.\[\]:-]+:5006/overview\?.*", where), (
            where
        )


async def test_behind_a_proxy_with_tls_browsers_are_met_where_they_are(world: World) -> None:
    async with running(world, **PROXIED) as client:
        for origin in ("http://gateway.test", "https://gateway.test", "https://trawl.example.evil.example", "null"):
            assert (await client.http.post("/sign-in", data=ROOT, headers={"Origin": origin})).status_code == 403
        theirs = {"Origin": "https://trawl.example"}
        answer = await client.http.post("/sign-in", data=ROOT, headers=theirs)
        assert answer.status_code == 303 and "; Secure" in answer.headers["set-cookie"]
        assert "max-age" in answer.headers["strict-transport-security"]
        cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        onward = await client.http.get("/dashboards/overview", headers=cookie)
        assert onward.headers["location"].startswith("https://dash.example/overview?ticket=")
        job = {"url": "http://shop.test/"}
        assert (await client.http.post("/api/v1/scrape", json=job, headers=cookie | theirs)).status_code == 202
        assert (await client.http.post("/api/v1/scrape", json=job, headers=cookie | OURS)).status_code == 401
        page = await client.http.get("/", headers=HTML)
        assert "form-action 'self' https://dash.example;" in page.headers["content-security-policy"]


async def test_without_an_address_of_their_own_the_dashboards_are_a_port_of_the_proxys_name(world: World) -> None:
    async with running(world, public_url="https://trawl.example:8443") as client:
        answer = await client.http.post("/sign-in", data=ROOT, headers={"Origin": "https://trawl.example:8443"})
        cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        onward = await client.http.get("/dashboards/overview", headers=cookie)
        assert onward.headers["location"].startswith("https://trawl.example:5006/overview?")


@pytest.mark.parametrize("spelling", ["/sign-in/{}", "/sign-in/{}/", "//sign-in/{}", "/Sign-In/{}", "/sign-in/{}/x"])
async def test_a_link_is_told_to_no_log_however_it_is_spelled(client: Client, spelling: str) -> None:
    token = await one_time_link(client.world.accounts, client.gateway.config.link_lifetime, "anna")
    assert token
    await client.http.get(f"http://gateway.test{spelling.format(token)}")
    assert token not in str(client.world.telemetry.events)
    told = client.world.telemetry.events[-1]
    assert isinstance(told, RequestLog) and told.path == "/sign-in/{token}"
