"""Pages made by scripts, as chromium makes them: what is given back, and what is left to the crawler."""

import pytest

from schemas.exchange import ExchangeFailure, ExchangeResponse
from tests.integration.browser.conftest import Render
from tests.integration.browser.site import Site, answer, redirect

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHOP = """<!doctype html><title>Shop</title><ul id=list></ul><img src=/picture.png><script>
fetch('/goods').then(answer => answer.json()).then(goods => setTimeout(() => {
  for (const one of goods) list.insertAdjacentHTML('beforeend', `<li class=good>${one} – £5</li>`);
}, 300));
</script>"""


async def test_a_page_made_by_scripts_comes_back_as_the_document_it_became(site: Site, render: Render) -> None:
    site.answers["/shop"] = answer(
        SHOP, "X-A: 1", "X-A: 2", "Set-Cookie: a=1; HttpOnly", "Set-Cookie: b=2",
        kind="text/html; charset=windows-1252", charset="windows-1252",
    )  # fmt: skip
    site.answers["/goods"] = answer('["tea", "jam"]', kind="application/json")
    headers = (("X-Mine", "yes"), ("User-Agent", "Other/1"), ("Cookie", "c=3; d=4"))
    result = await render("/shop", wait_for="li.good", headers=headers)
    assert isinstance(result, ExchangeResponse), result
    assert '<li class="good">jam – £5</li>' in result.body.decode()
    assert result.body.startswith(b"<!DOCTYPE html>")
    assert (result.status, result.address, result.http_version) == (200, "127.0.0.1", "HTTP/1.1")
    assert result.header("content-type") == "text/html; charset=utf-8"
    assert [value for name, value in result.headers if name.lower() == "x-a"] == ["1", "2"]
    assert [value for name, value in result.headers if name.lower() == "set-cookie"] == ["a=1; HttpOnly", "b=2"]
    assert result.wire_size > len(SHOP)
    assert 0 < result.times.first_byte < result.times.total
    page, goods = site.head("/shop"), site.head("/goods")
    assert "X-Mine: yes\r\n" in page and "X-Mine" not in goods
    assert "User-Agent: Other/1\r\n" in page and "User-Agent: Other/1\r\n" in goods and "sec-ch-ua" not in page
    assert "Cookie: c=3; d=4\r\n" in page and "Cookie: c=3; d=4; a=1; b=2\r\n" in goods
    # Nothing that only eyes would miss, and nothing twice.
    assert site.paths == ["/shop", "/goods"]


async def test_nothing_is_left_of_one_visit_in_the_next(site: Site, render: Render) -> None:
    site.answers["/first"] = answer("<script>localStorage.x = 1</script>", "Set-Cookie: a=1")
    site.answers["/second"] = answer("<p id=p></p><script>p.textContent = document.cookie + localStorage.x</script>")
    await render("/first")
    second = await render("/second")
    assert isinstance(second, ExchangeResponse) and b'<p id="p">undefined</p>' in second.body
    assert "Cookie:" not in site.head("/second")


async def test_a_redirect_is_handed_back_and_not_followed(site: Site, render: Render) -> None:
    site.answers["/old"] = redirect("/new", "Set-Cookie: s=1")
    result = await render("/old")
    assert isinstance(result, ExchangeResponse), result
    assert (result.status, result.header("location"), result.header("set-cookie")) == (302, "/new", "s=1")
    assert site.paths == ["/old"]


@pytest.mark.parametrize(
    "page",
    [
        "<script>location.replace('/elsewhere?n=' + Math.random())</script>",
        "<meta http-equiv=refresh content='0; url=/elsewhere'>",
    ],
)
async def test_a_page_that_leads_elsewhere_is_a_redirect_too(site: Site, render: Render, page: str) -> None:
    site.answers["/here"] = answer(page)
    result = await render("/here", wait_until="networkidle")
    assert isinstance(result, ExchangeResponse), result
    assert result.status == 302 and (result.header("location") or "").startswith(site.url("/elsewhere"))
    assert site.paths == ["/here"]


async def test_what_is_no_page_is_passed_on_as_it_came(site: Site, render: Render) -> None:
    site.answers["/data"] = answer('{"a": "ä"}', kind="application/json")
    site.answers["/file"] = answer("x,y", "Content-Disposition: attachment; filename=a.html")
    found = [await render(path) for path in ("/data", "/file", "/missing")]
    assert [(one.status, one.body) for one in found if isinstance(one, ExchangeResponse)] == [
        (200, '{"a": "ä"}'.encode()),
        (200, b"x,y"),
        (404, b"nothing here"),
    ]
    assert site.paths == ["/data", "/file", "/missing"]
    refused = await render("/data", content_types=("text/html",))
    assert isinstance(refused, ExchangeFailure) and refused.kind == "bad_content_type"


async def test_the_method_and_the_body_are_the_jobs(site: Site, render: Render) -> None:
    site.answers["/form"] = answer("<p>thanks</p>")
    await render("/form", method="POST", body=b"a=1", headers=(("Content-Type", "text/x-mine"),))
    head = site.head("/form")
    assert head.startswith("POST /form ") and "Content-Length: 3\r\n" in head and "text/x-mine" in head


async def test_a_picture_is_kept_of_the_whole_page(site: Site, render: Render, pictures: list[bytes]) -> None:
    site.answers["/tall"] = answer("<body style='background: #c33; margin: 0'><div style='height: 1500px'></div>")
    result = await render("/tall", screenshot=True)
    assert isinstance(result, ExchangeResponse) and result.screenshot_ref == f"picture-{len(pictures)}"
    png = pictures[-1]
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (1280, 1500)
    plain = await render("/tall")
    assert isinstance(plain, ExchangeResponse) and plain.screenshot_ref == ""
