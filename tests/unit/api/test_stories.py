"""Why was this not fetched?"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.services.reasons import rule_sentence
from schemas.ids import trace_id
from schemas.ledger import Attempt, HostWait, UrlFate
from schemas.urls import canonical, fingerprint
from tests.unit.api.conftest import Client

BEGAN = datetime(2026, 1, 5, 10, 30, tzinfo=UTC)
SITE = "http://shop.test"


def fate(path: str, found_on: str = "", **fields: Any) -> UrlFate:
    url = f"{SITE}/{path}"
    values: dict[str, Any] = {
        "url_fp": fingerprint(url), "url": url, "host": "shop.test", "depth": 1, "state": "done", "attempt": 1,
        "outcome": "fetched", "klass": "fetched", "status": 200, "records": 0,
        "found_on": f"{SITE}/{found_on}" if found_on or path else "", "found_at": BEGAN, "closed_at": BEGAN,
        "reason": "",
    }  # fmt: skip
    return UrlFate(**values | fields)


async def ask(client: Client, url: str, *fates: UrlFate, job: dict[str, Any] | None = None, **run: Any) -> Any:
    """The story of a URL in a run that holds these."""
    headers = await client.headers("anna")
    made = await client.scrape(headers, **(job or {"options": {"max_depth": 3}}))
    client.world.jobs.fates[made["run_id"]] = list(fates)
    client.world.jobs.change(made["run_id"], **{"state": "running", **run})
    client.world.jobs.waits = {(made["run_id"], host): wait for (_, host), wait in client.world.jobs.waits.items()}
    client.world.records.visits = {
        (made["run_id"], fp): visits for (_, fp), visits in client.world.records.visits.items()
    }
    answer = await client.http.get(f"{made['links']['self']}/urls", params={"url": url}, headers=headers)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    found["run_id"] = made["run_id"]
    return found


async def test_a_page_is_followed_back_to_its_seed(client: Client) -> None:
    found = await ask(client, "HTTP://Shop.test:80/b?utm_source=x#top", fate("", depth=0), fate("a"), fate("b", "a"))
    story = found["story"]
    assert (story["canonical"], story["known"], story["sentence"]) == (f"{SITE}/b", True, "The page was fetched.")
    assert [step["url"] for step in story["found_on"]] == [f"{SITE}/a", f"{SITE}/"]
    assert story["trace_id"] == trace_id(found["run_id"], fingerprint(canonical(f"{SITE}/b")))
    assert [url["url"] for url in found["urls"]] == [f"{SITE}/b"] and found["next_cursor"] is None


async def test_pages_that_name_each_other_end_the_chain(client: Client) -> None:
    story = (await ask(client, f"{SITE}/a", fate("a", "b"), fate("b", "a")))["story"]
    assert [step["url"] for step in story["found_on"]] == [f"{SITE}/b"]


async def test_a_redirect_is_told_from_end_to_end_wherever_one_asks(client: Client) -> None:
    moved = [
        fate("old", outcome="redirected", status=301),
        fate("mid", "old", hops=1, outcome="redirected", status=302),
        fate("new", "mid", hops=2, outcome="http_error", klass="failed", status=404),
    ]
    for asked in ("old", "mid", "new"):
        story = (await ask(client, f"{SITE}/{asked}", *moved))["story"]
        assert [(step["url"], step["status"]) for step in story["redirects"]] == [
            (f"{SITE}/old", 301), (f"{SITE}/mid", 302), (f"{SITE}/new", 404)]  # fmt: skip
    story = (await ask(client, f"{SITE}/old", *moved))["story"]
    assert story["sentence"] == f"It redirects to {SITE}/new, which ended as http_error."


async def test_each_visit_is_told(client: Client) -> None:
    failed = fate("a", outcome="http_error", klass="failed", status=503, attempt=2, reason="Busy.")
    client.world.records.visits["", failed.url_fp] = [
        Attempt(attempt=number, outcome="http_error", status=503, reason="Busy.", at=BEGAN + timedelta(seconds=number),
                elapsed_ms=12.5, final=number == 2, address="192.0.2.1")
        for number in (1, 2)
    ]  # fmt: skip
    story = (await ask(client, f"{SITE}/a", failed))["story"]
    assert story["sentence"] == "The host answered with an error status. Status 503. Busy."
    assert [(visit["attempt"], visit["status"], visit["address"], visit["final"]) for visit in story["attempts"]] == [
        (1, 503, "192.0.2.1", False), (2, 503, "192.0.2.1", True)]  # fmt: skip


async def test_what_waits_says_for_what(client: Client) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=90)
    waiting = fate("a", state="queued", outcome=None, klass=None, closed_at=None, not_before=soon, reason="Busy.")
    wait = HostWait(host="shop.test", queued=4, issued=1, ready_at=soon, next_visit=soon, delay=2.5, visits_today=0)
    client.world.jobs.waits["", "shop.test"] = wait
    story = (await ask(client, f"{SITE}/a", waiting, paused_at=BEGAN))["story"]
    said = " ".join(story["waits_for"])
    assert story["sentence"] == "It waits for its visit. The run is paused; resume the job."
    for part in ("paused", "next try is due", "(Busy.)", "every 2.5 s", "4 URLs of this run wait", "1 are under way"):
        assert part in said, part
    spent = HostWait(host="shop.test", queued=4, issued=0, ready_at=soon, next_visit=None, delay=0, visits_today=9)
    client.world.jobs.waits = {("", "shop.test"): spent}
    job = {"options": {"max_depth": 3, "daily_pages": 9}}
    story = (await ask(client, f"{SITE}/a", waiting, job=job))["story"]
    assert "has had its 9 visits of today" in " ".join(story["waits_for"])


@pytest.mark.parametrize(
    ("outcome", "reason", "sentence"),
    [
        ("out_of_scope", "too_deep", "It is further from a seed than max_depth allows."),
        ("out_of_scope", "deny: /private", "The deny pattern /private is found in it."),
        ("budget", "", "The run's page limit was reached first. max_pages is 1000."),
        ("cancelled", "stopped", "The run was stopped before the visit."),
        ("robots_denied", "Disallow: /a", "The site's robots.txt asks not to visit this page. Disallow: /a"),
    ],
)
async def test_what_was_left_out_names_the_rule(client: Client, outcome: str, reason: str, sentence: str) -> None:
    left = fate("a", outcome=outcome, klass="filtered", reason=reason, attempt=0, status=None)
    assert (await ask(client, f"{SITE}/a", left))["story"]["sentence"] == sentence


@pytest.mark.parametrize(
    ("url", "options", "part"),
    [
        (f"{SITE}/a", {"max_depth": 0}, "links are not followed"),
        ("http://elsewhere.test/", {"max_depth": 3}, rule_sentence("scope host")),
        (f"{SITE}/a", {"max_depth": 3, "allow": ["/c/"]}, rule_sentence("allow")),
        (f"{SITE}/a?s=1", {"max_depth": 3, "deny": [r"[?&]s="]}, r"The deny pattern [?&]s= is found in it."),
        (f"{SITE}/a", {"max_depth": 3}, "no page that was read links to it"),
    ],
)
async def test_of_what_was_never_met_it_tells_why(client: Client, url: str, options: dict[str, Any], part: str) -> None:
    story = (await ask(client, url, job={"options": options}))["story"]
    assert story["known"] is False and part in story["sentence"]


async def test_what_is_no_url_is_refused(client: Client) -> None:
    headers = await client.headers("anna")
    made = await client.scrape(headers)
    answer = await client.http.get(f"{made['links']['self']}/urls", params={"url": "mailto:x@y.z"}, headers=headers)
    assert answer.status_code == 422 and answer.json()["error"]["details"]["field"] == "url"


async def test_patterns_that_never_end_hold_nobody_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.services.reasons.VERDICT_SECONDS", 1.5)  # of which a slow machine has some left for others
    slow = [f"(a|a)+{number}$" for number in range(50)]
    address, beats = f"{SITE}/{'a' * 60}", 0

    async def heart() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    beating = asyncio.create_task(heart())
    try:
        story = (await ask(client, address, job={"options": {"max_depth": 3, "allow": slow}}))["story"]
    finally:
        beating.cancel()
    assert "its patterns take too long" in story["sentence"]
    assert beats > 10, "others are served meanwhile"
