"""The pages in a real browser, at both sizes: they show what the feed was told, and follow it within a second."""

import time
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from schemas.events import RunCounts
from schemas.ids import digest
from schemas.moments import of_epoch
from tests.pages.dashboards.conftest import Dashboards
from tests.pages.dashboards.world import NAMES, SHOP, STAGES, an_hour_of_requests, five_minutes
from tests.unit.dashboards.serving import SESSION

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

INK_OF_EACH_CANVAS = """() => {
  const found = {};
  const walk = (node, name) => {
    for (const child of node.querySelectorAll('*')) {
      const label = child.dataset && child.dataset.rootId ? child.dataset.rootId : name;
      if (child.tagName === 'CANVAS' && child.width && child.height) {
        const pixels = child.getContext('2d').getImageData(0, 0, child.width, child.height).data;
        const colours = new Set();
        let drawn = 0;
        for (let i = 0; i < pixels.length; i += 4) {
          if (pixels[i + 3] > 0) { drawn += 1; colours.add((pixels[i] << 16) | (pixels[i + 1] << 8) | pixels[i + 2]); }
        }
        const before = found[label] || { drawn: 0, colours: 0 };
        found[label] = { drawn: before.drawn + drawn, colours: Math.max(before.colours, colours.size) };
      }
      if (child.shadowRoot) walk(child.shadowRoot, label);
    }
  };
  for (const root of document.querySelectorAll('[data-root-id]')) {
    const id = root.dataset.rootId;
    const model = Bokeh.documents[0].get_model_by_id(id);
    for (const child of root.children) if (child.shadowRoot) walk(child.shadowRoot, model.name || id);
  }
  return found;
}"""

SOURCE = "Bokeh.documents[0].get_model_by_name('{}').renderers[0].data_source"
FITS = "() => document.documentElement.scrollWidth <= window.innerWidth"


async def drawn(page: Page, *names: str) -> None:
    """Each named plot has a canvas with more than one colour on it."""
    await page.wait_for_function(
        "names => { const ink = (" + INK_OF_EACH_CANVAS + ")();"
        " return names.every(name => ink[name] && ink[name].colours > 2 && ink[name].drawn > 500); }",
        arg=list(names),
        timeout=10_000,
    )


async def keep(page: Page, path: Path) -> None:
    """A picture, which must not be an empty one."""
    assert len(await page.screenshot(path=path, full_page=True)) > 20_000


async def test_the_overview(dashboards: Dashboards, window: tuple[Page, str], screenshots: Path) -> None:
    page, size = window
    five_minutes(dashboards.world)
    await dashboards.open(page, "/overview")
    await drawn(page, "pages_chart", "records_chart", *[f"strip_{stage}" for stage, _ in STAGES])
    await expect(page.locator('[data-slot="pulse"] b')).to_have_text("live")
    await expect(page.locator('[data-slot="aside"]')).to_contain_text("191")
    await expect(page.locator('[data-slot="station-warehouse"] .waits')).to_contain_text("168 waiting")
    await expect(page.locator('[data-slot="runs"] li').first).to_contain_text("shop")
    await expect(page.locator('[data-slot="runs"] .state').first).to_have_text("running")
    await expect(page.locator('[data-slot="trends"] li')).to_have_count(7)
    assert await page.evaluate(FITS)
    await keep(page, screenshots / f"overview-{size}.png")
    assert dashboards.problems == []


async def test_a_run(dashboards: Dashboards, window: tuple[Page, str], screenshots: Path) -> None:
    page, size = window
    five_minutes(dashboards.world)
    await dashboards.open(page, f"/run?id={SHOP}")
    await drawn(page, "pace_pages", "pace_records")
    await expect(page.locator("h1")).to_have_text("shop")
    await expect(page.locator('[data-slot="accounts"] .closes')).to_have_count(2)
    await expect(page.locator('[data-slot="outcomes"] li')).to_have_count(3)
    await expect(page.locator('[data-slot="outcomes"]')).to_contain_text("robots denied")
    await expect(page.locator('[data-slot="hosts"] li')).to_have_count(3)
    await expect(page.locator('[data-slot="pages"] li')).to_have_count(12)
    await expect(page.locator('[data-slot="records"] li')).to_have_count(8)
    assert await page.evaluate(FITS)
    await keep(page, screenshots / f"run-{size}.png")
    assert dashboards.problems == []


async def test_trends(dashboards: Dashboards, window: tuple[Page, str], screenshots: Path) -> None:
    page, size = window
    five_minutes(dashboards.world)
    await dashboards.open(page, "/trends")
    await drawn(page, "series_chart")
    await expect(page.locator('[data-slot="trend-list"] li')).to_have_count(7)
    await expect(page.locator("h1")).to_contain_text("fell from")
    await keep(page, screenshots / f"trends-{size}.png")
    chosen = page.locator('[data-slot="trend-list"] a', has_text=f"sku-{NAMES[1]}")
    await chosen.click()
    await expect(page.locator("h1")).to_contain_text(f"The price of sku-{NAMES[1]} rose", timeout=2000)
    await expect(page.locator('[data-slot="trend-list"] [aria-current="true"]')).to_contain_text(NAMES[1])
    await page.wait_for_function("() => " + SOURCE.format("series_chart") + ".get_length() === 120")
    assert "trend=" in page.url
    await page.reload()
    await expect(page.locator("h1")).to_contain_text(f"The price of sku-{NAMES[1]} rose")
    await page.locator(".chips label", has_text="up").click()
    await expect(page.locator('[data-slot="trend-list"] li:visible')).to_have_count(2)
    assert await page.evaluate(FITS)
    assert dashboards.problems == []


async def test_a_trend_says_whether_it_goes_on_and_what_found_it(dashboards: Dashboards, page: Page) -> None:
    five_minutes(dashboards.world)
    await dashboards.open(page, "/trends")
    listed = page.locator('[data-slot="trend-list"] li')
    await expect(listed.filter(has_text="sku-oar").locator(".phase")).to_have_text(["ended", "over"])
    await expect(listed.filter(has_text="sku-rope").locator(".how")).to_have_text("goes on the job's rule")
    await listed.filter(has_text="sku-rope").locator("a").click()
    facts = page.locator('[data-slot="series"] .facts')
    await expect(facts).to_contain_text("goes on", timeout=2000)
    await expect(facts).to_contain_text("found by the job's rule: price above 40")


async def test_the_requests(dashboards: Dashboards, window: tuple[Page, str], screenshots: Path) -> None:
    page, size = window
    dashboards.stores.figures = an_hour_of_requests(time.time())
    await dashboards.open(page, "/requests")
    await drawn(page, "request_amounts", "request_times")
    head = page.locator('[data-slot="request-head"]')
    await expect(head).to_contain_text("17,099")
    await expect(head).to_contain_text("480 turned away")
    await expect(page.locator('[data-slot="request-routes"] li').nth(3)).to_contain_text("161 ms")
    await expect(page.locator('[data-slot="request-statuses"] li')).to_have_count(5)
    await expect(page.locator('[data-slot="request-slowest"] li').first).to_contain_text("30.0 s")
    await expect(page.locator('[data-slot="request-refused"] li')).to_contain_text("198.51.100.9")
    await page.wait_for_function("() => " + SOURCE.format("request_amounts") + ".data.requests[20] === 0")
    assert await page.evaluate(FITS)
    await keep(page, screenshots / f"requests-{size}.png")
    await page.locator(".spans a", has_text="24h").click()
    await expect(page.locator("h1")).to_have_text("Requests of the last 24 hours")
    assert dashboards.problems == []


async def test_what_happens_shows_within_a_second(dashboards: Dashboards, page: Page) -> None:
    await dashboards.open(page, "/overview")
    await expect(page.locator('[data-slot="runs"]')).to_contain_text("No run yet")
    await expect(page.locator('[data-slot="pages-figure"] b')).to_have_text("0")
    world = dashboards.world
    world.now = time.time()
    world.run(SHOP, "shop", "running", world.now, RunCounts(requested=100, queued=60, fetched=40, stored=800))
    for number in range(50):
        world.page(SHOP, number, world.now, records=4)
    world.feed.waits([("trawl-cleaning", "raw-records", 4321)], world.now)
    await expect(page.locator('[data-slot="runs"]')).to_contain_text("40 of 100 pages", timeout=1000)
    assert await page.locator('[data-slot="pages-figure"] b').text_content() not in ("0", "")
    assert await page.locator('[data-slot="records-figure"] b').text_content() not in ("0", "")
    await expect(page.locator('[data-slot="station-cleaning"]')).to_contain_text("4,321")
    world.run(SHOP, "shop", "completed", time.time(), RunCounts(requested=100, fetched=100, stored=2000))
    await expect(page.locator('[data-slot="runs"] .state')).to_have_text("completed", timeout=1000)
    await page.wait_for_function(
        "() => Math.max(..." + SOURCE.format("pages_chart") + ".data.amount) >= 50",
        timeout=3000,
    )
    assert dashboards.problems == []


async def test_a_run_page_follows_its_run(dashboards: Dashboards, page: Page) -> None:
    await dashboards.open(page, f"/run?id={SHOP}")
    await expect(page.locator("h1")).to_have_text("No such run")
    world = dashboards.world
    world.now = time.time()
    world.run(
        SHOP, "shop", "running", world.now, RunCounts(requested=10, queued=7, fetched=1, filtered=2, extracted=20)
    )
    world.page(SHOP, 1, world.now)
    await expect(page.locator("h1")).to_have_text("shop", timeout=1000)
    await expect(page.locator('[data-slot="pages"] li')).to_have_count(1, timeout=1000)
    await expect(page.locator('[data-slot="accounts"]')).to_contain_text("on their way")
    await expect(page.locator('[data-slot="outcomes"]')).to_contain_text("2 links were left out before a visit")
    world.page(SHOP, 2, world.now, "timeout", "failed", 0)
    await expect(page.locator('[data-slot="outcomes"]')).to_contain_text("timeout", timeout=1000)


async def test_a_trend_appears_while_one_looks(dashboards: Dashboards, page: Page) -> None:
    await dashboards.open(page, "/trends")
    await expect(page.locator('[data-slot="series"]')).to_contain_text("No series to show yet")
    world = dashboards.world
    now = time.time()
    values = [20.0] * 60 + [14.0]
    for index, value in enumerate(values):
        world.price("sku-new", value, now - 61 + index)
    world.trend("sku-new", "spike", values, 20.0, 14.0, now - 1)
    await expect(page.locator("h1")).to_contain_text("sku-new fell from 20.00 to 14.00", timeout=1000)
    await drawn(page, "series_chart")
    world.price("sku-new", 13.5, now + 0.1)
    await expect(page.locator('[data-slot="series"] .facts')).to_contain_text("now 13.50", timeout=1000)


async def test_a_list_that_moves_keeps_its_links_and_rows(dashboards: Dashboards, page: Page) -> None:
    world = dashboards.world
    world.run(SHOP, "shop", "running", time.time(), RunCounts(requested=10, queued=10))
    await dashboards.open(page, "/overview")
    await page.evaluate("document.querySelector('[data-slot=runs] a').mark = 'the same node'")
    other = digest("another")
    world.run(other, "news", "running", time.time() + 1, RunCounts(requested=5, queued=5))
    await expect(page.locator('[data-slot="runs"] li')).to_have_count(2, timeout=1000)
    kept = f"document.querySelector('[data-slot=runs] [data-key=\"{SHOP}\"] a').mark"
    assert await page.evaluate(kept) == "the same node"
    await expect(page.locator('[data-slot="runs"] .title')).to_have_text(["news", "shop"])


async def test_signing_out_takes_the_page_away(dashboards: Dashboards, page: Page) -> None:
    await dashboards.open(page, "/overview")
    dashboards.sessions.roles.clear()
    try:
        await expect(page.locator("h1")).to_have_text("Not from this shore", timeout=3000)
        await expect(page.locator("body")).to_contain_text("Your visit has ended")
    finally:
        dashboards.sessions.roles[SESSION] = "admin"


async def test_silence_shows_as_stale_and_a_lost_server_as_lost(dashboards: Dashboards, page: Page) -> None:
    await dashboards.open(page, "/overview")
    pulse = page.locator('[data-slot="pulse"] b')
    await expect(pulse).to_have_text("live")
    dashboards.silent = True
    dashboards.feed.heard_at = time.time() - 60
    await expect(pulse).to_have_text("stale", timeout=3000)
    await expect(page.locator('[data-slot="pulse"] .clock')).to_contain_text(of_epoch(time.time() - 60)[11:16])
    dashboards.stopped = True
    await expect(pulse).to_have_text("lost", timeout=8000)


async def test_a_page_that_is_closed_is_forgotten(dashboards: Dashboards, page: Page) -> None:
    await dashboards.open(page, "/overview")
    assert len(dashboards.feed._listeners) == 1
    await page.goto("about:blank")
    for _ in range(120):
        if not dashboards.feed._listeners:
            break
        await page.wait_for_timeout(500)
    assert not dashboards.feed._listeners


async def test_what_the_web_wrote_is_text(dashboards: Dashboards, page: Page) -> None:
    world = dashboards.world
    name = "<img src=x onerror=\"document.title='owned'\">"
    world.run(SHOP, name, "running", time.time(), RunCounts(requested=1, queued=1), reason="</script><b>x</b>")
    await dashboards.open(page, f"/run?id={SHOP}")
    await expect(page.locator("h1")).to_have_text(name)
    assert await page.title() == "Run · Trawl"


async def test_the_way_between_the_pages(dashboards: Dashboards, page: Page) -> None:
    five_minutes(dashboards.world)
    await dashboards.open(page, "/overview")
    await page.locator("nav a", has_text="Runs").click()
    await page.locator('[data-slot="runs"] a').first.click()
    await expect(page.locator("h1")).to_have_text("shop")
    await page.locator('[data-slot="records"] a').first.click()
    await expect(page.locator('[data-slot="series"] .path')).to_contain_text("shop › sku-")
    await page.locator(".brand").click()
    await expect(page.locator("nav [aria-current]")).to_have_text("Overview")
