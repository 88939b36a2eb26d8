"""The application: visits are counted, hits noted, the truth told to this machine only, faults made on request."""

import httpx
import pytest

from demo.hits import HitLog, Logged
from demo.prices import base_prices, planted, price_at
from demo.shop import Shop, shop_application

_NEAR, _FAR = ("127.0.0.1", 40000), ("203.0.113.9", 40000)


def _client(application: object, peer: tuple[str, int] = _NEAR) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=application, client=peer)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://shop.test", headers={"user-agent": "tests/1"})


@pytest.fixture
def application(seed: int, hit_log: HitLog) -> object:
    return shop_application(seed, hit_log)


async def test_each_get_of_the_deals_is_a_visit_and_a_look_is_not(application: object, hit_log: HitLog) -> None:
    async with _client(application) as client:
        assert 'data-visit="1"' in (await client.get("/deals")).text
        await client.head("/deals")
        assert 'data-visit="2"' in (await client.get("/deals?whatever=1")).text
    hits = hit_log.since(0)["hits"]
    assert [(hit["method"], hit["path"], hit["status"], hit["visit"], hit["agent"]) for hit in hits] == [
        ("GET", "/deals", 200, 1, "tests/1"),
        ("HEAD", "/deals", 200, None, "tests/1"),
        ("GET", "/deals?whatever=1", 200, 2, "tests/1"),
    ]


async def test_the_truth_follows_the_visits_and_is_no_hit(application: object, hit_log: HitLog, seed: int) -> None:
    async with _client(application) as client:
        for _ in range(3):
            await client.get("/deals")
        truth = (await client.get("/__truth")).json()
        hits = (await client.get("/__hits?since=2")).json()
    assert truth["visits"] == 3
    assert truth["deals"] == {sku: float(price_at(seed, sku, 3)) for sku in base_prices(seed)}
    assert [event["sku"] for event in truth["planted"]] == [event.sku for event in planted(seed)]
    assert len(truth["products"]) == 1000
    assert [hit["n"] for hit in hits["hits"]] == [3]
    assert hit_log.since(0)["last"] == 3


@pytest.mark.parametrize("path", ["/__truth", "/__hits"])
async def test_strangers_are_told_nothing(application: object, path: str) -> None:
    async with _client(application, _FAR) as client:
        answer = await client.get(path, headers={"x-forwarded-for": "127.0.0.1"})
    assert answer.status_code == 404
    assert "planted" not in answer.text


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/", 200, "text/html; charset=utf-8"),
        ("/category/pans-casseroles?page=3", 200, "text/html; charset=utf-8"),
        ("/category/pans-casseroles?page=4", 404, "text/html; charset=utf-8"),
        ("/category/pans-casseroles?page=x", 404, "text/html; charset=utf-8"),
        ("/about?ref=mail", 200, "text/html; charset=utf-8"),
        ("/nowhere", 404, "text/html; charset=utf-8"),
        ("/robots.txt", 200, "text/plain; charset=utf-8"),
        ("/static/shop.css", 200, "text/css; charset=utf-8"),
        ("/media/category/tents.svg", 200, "image/svg+xml"),
    ],
)
async def test_status_and_content_type(shared_application: object, path: str, status: int, kind: str) -> None:
    async with _client(shared_application) as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, kind)


async def test_a_short_link_redirects_for_good(shared_application: object, seed: int) -> None:
    sku = planted(seed)[0].sku
    async with _client(shared_application) as client:
        answer = await client.get(f"/p/{sku}")
        assert answer.status_code == 301
        assert (await client.get(answer.headers["location"])).status_code == 200
        assert (await client.get("/p/LK-00000")).status_code == 404


async def test_a_form_that_is_posted_is_refused(shared_application: object) -> None:
    async with _client(shared_application) as client:
        assert (await client.post("/deals")).status_code == 405


async def test_faults_with_a_status(shared_application: object) -> None:
    async with _client(shared_application) as client:
        busy = await client.get("/faults/503?retry_after=7")
        moved = await client.get("/faults/302?to=/deals")
        away = await client.get("/faults/302?to=//elsewhere.example")
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "7")
        assert (moved.status_code, moved.headers["location"]) == (302, "/deals")
        assert "location" not in away.headers
        assert (await client.get("/faults/204")).content == b""
        assert (await client.get("/faults/99")).status_code == 400


async def test_a_flaky_page_gets_better_and_each_key_by_itself(application: object) -> None:
    async with _client(application) as client:
        statuses = [(await client.get("/faults/flaky/a?times=2")).status_code for _ in range(4)]
        assert statuses == [503, 503, 200, 200]
        assert (await client.get("/faults/flaky/b?times=1")).status_code == 503


async def test_the_log_takes_the_clock_it_is_given(seed: int, hit_log: HitLog) -> None:
    shop = Shop(seed, {}, hit_log)
    assert shop.visits == 0
    logged = Logged(shop_application(seed, HitLog()), hit_log, clock=lambda: 99.5)
    async with _client(logged) as client:
        await client.get("/about")
    assert hit_log.since(0)["hits"][0]["time"] == 99.5
