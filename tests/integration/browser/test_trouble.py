"""What pages do to browsers: each ends as a failure with its reason, and the next page is rendered all the same."""

import pytest

from schemas.exchange import ExchangeFailure, ExchangeResponse
from tests.integration.browser.conftest import Pool, Render
from tests.integration.browser.site import Site, answer

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_selector_that_never_comes_says_so(site: Site, render: Render) -> None:
    site.answers["/plain"] = answer("<p>plain</p>")
    never = await render("/plain", seconds=8.0, wait_for="table.prices")
    assert isinstance(never, ExchangeFailure) and (never.kind, never.status) == ("render_failed", 200)
    assert "'table.prices' after 8 s" in never.reason
    wrong = await render("/plain", wait_for="[[")
    assert isinstance(wrong, ExchangeFailure) and "no CSS selector" in wrong.reason


async def test_a_page_that_hangs_ends_with_its_time_and_takes_nobody_along(site: Site, render: Render) -> None:
    site.answers["/hang"] = answer("<p>x</p><script>while (true) {}</script>")
    site.answers["/plain"] = answer("<p>plain</p>")
    hung = await render("/hang", seconds=2.0)
    assert isinstance(hung, ExchangeFailure) and hung.kind == "render_failed" and "load after 2 s" in hung.reason
    assert isinstance(await render("/plain"), ExchangeResponse)


async def test_a_page_that_fills_its_memory_crashes_alone(site: Site, render: Render) -> None:
    site.answers["/hungry"] = answer(
        "<script>const all = []; while (true) all.push(Array(1e5).fill(all.length + .5))</script>"
    )
    site.answers["/plain"] = answer("<p>plain</p>")
    crashed = await render("/hungry")
    assert isinstance(crashed, ExchangeFailure) and crashed.kind == "render_failed" and "crashed" in crashed.reason
    assert isinstance(await render("/plain"), ExchangeResponse)


async def test_dialogs_and_windows_are_nobodys_business(site: Site, render: Render) -> None:
    site.answers["/asks"] = answer(
        "<script>alert(1); const said = confirm('?'); onbeforeunload = () => 'stay';"
        "for (let n = 0; n < 20; n++) open('/window');"
        "Notification.requestPermission(); navigator.geolocation.getCurrentPosition(() => 0);"
        "document.write('<b>' + said + '</b>')</script>"
    )
    result = await render("/asks")
    assert isinstance(result, ExchangeResponse) and b"<b>false</b>" in result.body
    assert "/window" not in site.paths


async def test_a_page_that_breaks_off_or_is_too_large_is_no_page(site: Site, render: Render) -> None:
    site.answers["/short"] = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5000\r\nConnection: close\r\n\r\n<p>half"
    )
    site.answers["/long"] = answer("<p>" + "x" * 200_000)
    site.answers["/grows"] = answer("<script>document.write('<p>' + 'x'.repeat(200000))</script>")
    site.answers["/file"] = answer("x" * 200_000, kind="text/plain")
    short = await render("/short")
    assert isinstance(short, ExchangeFailure) and short.kind == "malformed_response", short
    kinds = []
    for path in ("/long", "/grows", "/file"):
        result = await render(path, max_body=100_000)
        kinds.append(result.kind if isinstance(result, ExchangeFailure) else result.status)
    assert kinds == ["too_large", "too_large", "too_large"]


async def test_a_browser_that_dies_is_replaced(site: Site, render: Render, pool: Pool) -> None:
    site.answers["/plain"] = answer("<p>plain</p>")
    assert isinstance(await render("/plain"), ExchangeResponse)
    engine = pool.engine
    assert engine is not None
    engine.kill("A test does so.")
    assert isinstance(await render("/plain"), ExchangeResponse)
    assert pool.engine is not engine
