"""Rate limits: the users' table, on every answer, for whoever asks."""

import asyncio
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from api.limits.categories import DEFAULTS, Category, Rate, place_of, rates
from api.limits.limiter import Limiter
from api.metrics import Metrics
from tests.unit.api.conftest import PASSWORD, Client, World, listening, running
from tests.unit.api.eventually import eventually
from tests.unit.api.limits_fakes import FakeRates
from tests.unit.api.patient import connect

FIVE = {f"x-ratelimit-{name}" for name in ("limit", "remaining", "reset", "burst", "burst-remaining")}
TABLE = {
    "authentication": (10, 2, 15 * 60),
    "data_retrieval": (100, 10, 5 * 60),
    "data_search": (50, 5, 5 * 60),
    "data_upload": (5, 1, 10 * 60),
    "analytics": (30, 5, 5 * 60),
    "system_admin": (20, 3, 10 * 60),
}
"""Written down a second time, from the users' document."""


def test_the_product_ships_the_users_table() -> None:
    found = {category.value: (rate.limit, rate.burst, rate.block) for category, rate in DEFAULTS.items()}
    assert {name: found[name] for name in TABLE} == TABLE
    assert DEFAULTS[Category.JOBS].limit == 60 and set(found) == {*TABLE, "jobs"}


def test_each_number_can_be_set_and_a_wrong_name_is_said() -> None:
    table = rates({"*": {"block": 0}, "jobs": {"limit": 7}, "analytics": {"block": 9}})
    assert table[Category.JOBS] == Rate(7, DEFAULTS[Category.JOBS].burst, 0)
    assert table[Category.ANALYTICS] == Rate(30, 5, 9) and table[Category.UPLOAD] == Rate(5, 1, 0)
    wrongs: list[dict[str, dict[str, int]]] = [
        {"job": {}},
        {"jobs": {"rate": 1}},
        {"jobs": {"limit": 0}},
        {"jobs": {"burst": -1}},
    ]
    for wrong in wrongs:
        with pytest.raises(ValueError, match=r"category|jobs"):
            rates(wrong)


async def test_every_operation_names_its_category(client: Client) -> None:
    document = client.app.openapi()
    seen = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            shown, where = operation["x-rate-limit"], f"{method} {path}"
            if shown == "none":
                assert operation["x-permission"] == "none", where
                assert path.endswith("health") or "/.well-known/" in path, where
                continue
            seen.add(shown["category"])
            assert shown["window"] == 60 and {"limit", "burst", "block"} < set(shown), where
            assert "429" in operation["responses"], where
            if operation["x-permission"] in ("admin", "user_management", "system_monitoring"):
                assert shown["category"] in ("system_admin", "authentication"), where
            if "password" in path or "mfa" in path or path.endswith(("/login", "/refresh", "/token", "/register")):
                assert shown["category"] == "authentication", where
            if path.endswith("/search"):
                assert shown["category"] == "data_search", where
    assert {"authentication", "data_retrieval", "data_upload", "analytics", "system_admin", "jobs"} <= seen


@pytest.mark.parametrize(
    ("method", "path", "category"),
    [
        ("POST", "/api/v1/auth/login", Category.AUTHENTICATION),
        ("POST", "/auth/login", Category.AUTHENTICATION),
        ("GET", "/sign-in/abc", Category.AUTHENTICATION),
        ("GET", "/auth/me", Category.RETRIEVAL),
        ("GET", "/auth/sessions", Category.RETRIEVAL),
        ("GET", "/auth/identities", Category.RETRIEVAL),
        ("GET", "/api/v1/auth/identities", Category.RETRIEVAL),
        ("POST", "/auth/identities/7/unlink", Category.AUTHENTICATION),
        ("POST", "/reset-password/abc", Category.AUTHENTICATION),
        ("POST", "/auth/password-reset/confirm", Category.AUTHENTICATION),
        ("POST", "/api/v2/users/7/reset-password", Category.AUTHENTICATION),
        ("GET", "/api/v2/data", Category.RETRIEVAL),
        ("POST", "/api/data/search", Category.SEARCH),
        ("POST", "/api/v1/records", Category.UPLOAD),
        ("GET", "/api/v2/analytics/dashboard", Category.ANALYTICS),
        ("GET", "/api/v2/users", Category.ADMIN),
        ("PUT", "/api/v2/users/7/password", Category.AUTHENTICATION),
        ("GET", "/api/v1/jobs", Category.JOBS),
        ("GET", "/nowhere/../auth/login", Category.JOBS),
        ("DELETE", "/api/v1/health", Category.JOBS),
        ("GET", "/api/v2/system/health", None),
        ("GET", "/docs", None),
    ],
)
def test_which_is_which(method: str, path: str, category: Category | None) -> None:
    assert place_of(method, path).category is category


@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-in/abc", "/reset-password/abc", "/auth/login", "/auth/password-reset/confirm"]
)
def test_at_a_door_everybody_is_a_stranger(path: str) -> None:
    assert place_of("POST", path).door


async def test_every_answer_of_a_limited_operation_has_the_five_headers(world: World) -> None:
    async with running(world) as client:
        headers = await client.headers("anna")

        async def broken(*_: Any) -> None:
            raise RuntimeError

        tried = [
            ("GET", "/api/v1/jobs", headers, 200),
            ("GET", "/api/v1/jobs", {}, 401),
            ("GET", "/api/v1/jobs", {"Authorization": "Bearer forged"}, 401),
            ("GET", "/api/v1/dead-letters", headers, 403),
            ("GET", "/nowhere", headers, 404),
            ("PATCH", "/api/v1/scrape", headers, 405),
            ("GET", "/api/v1/jobs?cursor=x", headers, 422),
            ("GET", "/", {}, 200),
        ]
        for method, path, given, status in tried:
            answer = await client.http.request(method, path, headers=given)
            assert answer.status_code == status and set(answer.headers) >= FIVE, path
        world.jobs.page = broken  # type: ignore[method-assign,assignment]
        answer = await client.http.get("/api/v1/jobs", headers=headers)
        assert answer.status_code == 500 and set(answer.headers) >= FIVE
        for path in ("/health", "/docs", "/openapi.json"):
            assert not set((await client.http.get(path)).headers) & FIVE


async def test_burst_minute_and_block_of_an_account(world: World) -> None:
    async with running(world, rates=rates({"jobs": {"limit": 3, "burst": 2, "block": 300}})) as client:
        anna, otto = await client.headers("anna"), await client.headers("otto")
        world.rates.now += 1

        async def ask(headers: dict[str, str]) -> Any:
            return await client.http.get("/api/v1/jobs", headers=headers)

        first, second, third = [await ask(anna) for _ in range(3)]
        assert [answer.status_code for answer in (first, second, third)] == [200, 200, 429]
        told = [first.headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining", "burst", "burst-remaining")]
        assert told == ["3", "2", "2", "1"]
        assert int(first.headers["x-ratelimit-reset"]) == world.rates.now + 60
        assert third.headers["retry-after"] == "1" and third.headers["x-ratelimit-remaining"] == "1"
        details = third.json()["error"]["details"]
        assert (details["limit"], details["window"], details["retry_after"]) == (2, 1, 1)
        assert (await ask(otto)).status_code == 200, "one account's requests are not another's"
        assert (await client.http.get("/api/v1/auth/me", headers=anna)).status_code == 200, "nor another category's"
        client.gateway.limiter._refused.clear()  # the limiter's own clock has not moved with the store's
        world.rates.now += 1
        assert (await ask(anna)).status_code == 200, "a burst does not block"
        blocked = await ask(anna)
        error = blocked.json()["error"]
        assert blocked.status_code == 429 and error["code"] == "RATE_LIMIT_EXCEEDED"
        assert {name: error["details"][name] for name in ("limit", "window", "retry_after")} == {
            "limit": 3, "window": 60, "retry_after": 300,
        }  # fmt: skip
        assert blocked.headers["retry-after"] == "300" and set(blocked.headers) >= FIVE
        asked = len(world.rates.questions)
        assert (await ask(anna)).status_code == 429 and len(world.rates.questions) == asked, "known without asking"


async def test_strangers_count_by_address_and_a_door_takes_nobodys_word(world: World) -> None:
    async with running(world, rates=rates({"authentication": {"limit": 3, "burst": 100}})) as client:
        anna = await client.headers("anna")  # one of three
        login = {"username": "otto", "password": "wrong" + PASSWORD}
        answers = [await client.http.post("/auth/login", json=login, headers=given) for given in ({}, anna, anna)]
        assert [answer.status_code for answer in answers] == [401, 401, 429], "a token of one's own is no new address"
        assert answers[2].json()["success"] is False
        answer = await client.http.post("/api/v1/auth/login", json={"username": "anna", "password": PASSWORD})
        assert answer.status_code == 429, "another spelling of the door is the same door"
    assert {owner for owner, category in world.rates.buckets if category == "authentication"} == {"a:192.0.2.7"}


async def test_without_the_store_nobody_guesses_passwords(world: World) -> None:
    async with running(world) as client:
        headers = await client.headers("anna")
        world.rates.switch.away = True
        answer = await client.http.post("/auth/login", json={"username": "anna", "password": PASSWORD})
        assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0 and set(answer.headers) >= FIVE
        answer = await client.http.get("/api/v1/jobs", headers=headers)
        assert answer.status_code == 200 and answer.headers["x-ratelimit-remaining"] == "0"
        assert (await client.http.get("/health")).status_code == 200


async def test_a_socket_is_counted_when_it_is_asked_for(world: World) -> None:
    async with listening(world, rates=rates({"jobs": {"limit": 2, "burst": 2}})) as (address, client):
        headers = await client.headers("anna")
        url = f"ws://{address}/api/v1/stream?channel=runs"
        async with connect(url, additional_headers=headers, proxy=None) as socket:
            assert socket.response is not None and socket.response.headers["X-RateLimit-Remaining"] == "1"
        async with connect(url, additional_headers=headers, proxy=None):
            pass
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url, additional_headers=headers, proxy=None):
                pass
        answer = refused.value.response
        assert answer.status_code == 429 and answer.headers["Retry-After"]
        assert answer.headers["X-RateLimit-Limit"] == "2"


async def test_who_asks_at_once_is_asked_about_at_once() -> None:
    store, gate = FakeRates(), asyncio.Event()
    answered = store.take

    async def slowly(asks: Any) -> Any:
        await gate.wait()
        return await answered(asks)

    store.take = slowly  # type: ignore[method-assign]
    limiter = Limiter(store, rates({"*": {"limit": 30, "burst": 30}}), Metrics())
    asking = [asyncio.create_task(limiter.take("u:1", Category.JOBS)) for _ in range(50)]
    await asyncio.sleep(0)
    asking[3].cancel()  # whoever leaves takes nobody along
    gate.set()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert sum(isinstance(each, asyncio.CancelledError) for each in found) == 1
    assert sum(not isinstance(each, BaseException) and not each.refused for each in found) in (29, 30)
    assert store.questions == [50]


async def test_a_full_gateway_says_so_and_still_tells_its_health(world: World) -> None:
    async with running(world, max_in_flight=1) as client:
        headers, gate, page = await client.headers("anna"), asyncio.Event(), world.jobs.page

        async def slowly(*values: Any, **named: Any) -> Any:
            await gate.wait()
            return await page(*values, **named)

        world.jobs.page = slowly  # type: ignore[method-assign]
        first = asyncio.create_task(client.http.get("/api/v1/jobs", headers=headers))
        await eventually(client.gateway.metrics.in_flight._value.get)
        second = await client.http.get("/api/v1/auth/me", headers=headers)
        assert second.status_code == 503 and second.headers["retry-after"] == "1"
        assert second.json()["error"]["code"] == "SERVICE_UNAVAILABLE"
        assert (await client.http.get("/health")).status_code == 200
        gate.set()
        assert (await first).status_code == 200
        assert (await client.http.get("/api/v1/auth/me", headers=headers)).status_code == 200


async def test_who_calls_is_looked_up_once_a_request(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(world) as client:
        headers, asked = await client.headers("anna"), list[str]()
        by_headers = client.gateway.callers.by_headers

        async def counted(given: Any, address: str = "") -> Any:
            asked.append(address)
            return await by_headers(given, address)

        monkeypatch.setattr(client.gateway.callers, "by_headers", counted)
        for given, status in ((headers, 200), ({"Authorization": "Bearer forged"}, 401)):
            assert (await client.http.get("/api/v1/jobs", headers=given)).status_code == status
            assert asked == ["192.0.2.7"], "limits and the route ask the same question"
            asked.clear()


async def test_a_body_that_was_long_in_coming_is_not_let_in_by_who_was_somebody_then(world: World) -> None:
    async with running(world, sign_in_freshness=0.2) as client:
        headers = await client.headers("anna") | {"Content-Type": "application/json"}

        async def slowly() -> Any:
            yield b'{"url": "http://shop.test/", '
            world.accounts.sessions.clear()
            await asyncio.sleep(0.25)  # as long as a caller is believed
            yield b'"name": "late"}'

        answer = await client.http.post("/api/v1/scrape", headers=headers, content=slowly())
        assert answer.status_code == 401 and not world.jobs.runs


async def test_all_bodies_together_are_bounded(world: World) -> None:
    async with running(world, max_bodies=1000) as client:
        headers = await client.headers("anna") | {"Content-Type": "application/json"}
        for content, status in ((b'"' + b"x" * 1000 + b'"', 503), (b"{}", 422)):  # what was held is given back
            answer = await client.http.post("/api/v1/scrape", headers=headers, content=content)
            assert answer.status_code == status
        assert int(answer.headers.get("retry-after", 0)) == 0


async def test_quotas_are_told_and_changed_by_administrators_alone(client: Client) -> None:
    anna, root = await client.headers("anna"), await client.headers("root")
    address = f"/api/v1/quotas/{client.world.ids['anna']}"
    wanted = {"running_jobs": 3, "stored_records": -1}
    assert (await client.http.put(address, headers=anna, json=wanted)).status_code == 403
    answer = await client.http.put(address, headers=root, json=wanted)
    assert answer.json()["running_jobs"] == {"used": 1, "limit": 3}
    own = (await client.http.get("/api/v1/auth/quota", headers=anna)).json()
    assert own == answer.json() and own["stored_records"]["limit"] is None
    assert [act.action for act in client.world.quotas.acts] == ["quota_changed"]
    for wrong, status in (({"running_jobs": -2}, 422), ({"jobs": 1}, 422)):
        assert (await client.http.put(address, headers=root, json=wrong)).status_code == status
    for nobody in ("x", "0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"):
        assert (await client.http.get(f"/api/v1/quotas/{nobody}", headers=root)).status_code == 404
