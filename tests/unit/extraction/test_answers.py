"""What becomes of a task by what its visit brought back."""

import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from schemas.closings import Closed, Closing
from schemas.job import JobDescription
from schemas.pinned import PinnedRun
from schemas.urls import fingerprint, row_fingerprint
from streams.extraction.answer import answer_failure
from streams.extraction.closings import Answer
from streams.extraction.outcome import outcome_of
from streams.extraction.reading import Reader
from streams.extraction.remembered import packed, unpacked
from streams.extraction.sources import Entry
from tests.unit.extraction.answering import answer_page
from tests.unit.extraction.pages import ADDRESS, fetched

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SITE = "http://shop.example"


def reader(**job: Any) -> Reader:
    options = {"follow": True, "max_depth": 3, **job.pop("options", {})}
    description = JobDescription.model_validate({"url": SITE + "/", "options": options, **job})
    return Reader.of(PinnedRun(id="r", job_id="j", dataset="d", description=description))


def answer(
    body: bytes | str = "<a href=/x>x</a>", by: Reader | None = None, trail: tuple[str, ...] = (), links: bytes = b"",
    **fields: Any,
) -> Answer:  # fmt: skip
    return answer_page(fetched(body, **fields), by or reader(), NOW, Random(1), trail, links)


def ended(closing: Closing) -> tuple[str, str]:
    assert closing.retry_at is None
    return closing.outcome, closing.reason


def redirect(location: str, by: Reader | None = None, trail: tuple[str, ...] = (), **fields: Any) -> Closing:
    url = fields.pop("url", ADDRESS)
    known = {"status": 302, "headers": [("location", location)], "url": url, "url_fp": fingerprint(url), "depth": 1}
    return answer("", by, trail, **{**known, **fields}).closing


def test_a_page_without_records_is_promised_like_any_other_where_the_job_has_rules() -> None:
    rules = {"extract": {"items": "li", "fields": {"name": "b"}}}
    made = answer(by=reader(**rules))
    (batch,) = made.batches
    assert (made.closing.outcome, made.closing.records, made.closing.batches) == ("fetched", 0, [(batch.id, 0)])
    assert batch.records == [] and batch.url == ADDRESS
    assert answer(by=reader(**rules, trends={"enabled": False})).batches == [], "nobody would look at it"
    assert [len(one.records) for one in answer().batches] == [1], "a page record"


# sources


def test_a_sitemaps_pages_are_seeds_under_the_runs_scope_and_no_record_comes_of_it() -> None:
    body = """<urlset><url><loc>/p/1?sort=a&amp;PHPSESSID=1</loc></url><url><loc>/p/1</loc></url>
        <url><loc>/cart</loc></url><url><loc>http://other.example/</loc></url></urlset>"""
    by = reader(options={"deny": ["/cart"], "strip_query": ["sort"], "follow": False})
    made = answer(body, by, content_type="text/xml", kind="sitemap", depth=2)
    assert (made.closing.outcome, made.closing.records, made.batches) == ("fetched", 0, [])
    assert [(link.url, link.depth, link.kind, link.outcome, link.reason) for link in made.closing.links] == [
        (f"{SITE}/p/1", 0, "page", None, ""),
        (f"{SITE}/cart", 0, "page", "out_of_scope", "deny: /cart"),
        ("http://other.example/", 0, "page", "out_of_scope", "scope host"),
    ]


def test_sitemaps_nest_five_deep_and_no_deeper() -> None:
    body = "<sitemapindex><sitemap><loc>/s.xml</loc></sitemap></sitemapindex>"
    for depth, reason in ((4, ""), (5, "too_deep")):
        (link,) = answer(body, reader(options={"allow": ["/p/"]}), kind="sitemap", depth=depth).closing.links
        assert (link.kind, link.depth, link.reason) == ("sitemap", depth + 1, reason)
        assert link.url_fp == row_fingerprint(f"{SITE}/s.xml", "sitemap") != fingerprint(f"{SITE}/s.xml")


def test_what_is_no_sitemap_ends_as_extract_failed_with_a_sentence() -> None:
    closing = answer("<html>Not here</html>", kind="sitemap").closing
    assert ended(closing) == ("extract_failed", "This is no sitemap and no feed: it begins with <html>.")


# redirects


def test_a_redirects_target_is_what_its_source_is_one_hop_further() -> None:
    (link,) = redirect("../new?PHPSESSID=0123456789", hops=2, depth=1).links
    assert (link.url, link.depth, link.hops, link.kind) == (f"{SITE}/new?PHPSESSID=0123456789", 1, 3, "page")
    (link,) = redirect("/map.xml", kind="sitemap", depth=0).links
    assert (link.kind, link.url_fp) == ("sitemap", row_fingerprint(f"{SITE}/map.xml", "sitemap"))


def test_a_seed_may_move_within_its_site_whatever_links_must_look_like() -> None:
    by = reader(options={"allow": ["/p/"]})
    assert [link.reason for link in redirect("/en/", by, depth=0).links] == [""]
    assert [link.reason for link in redirect("/en/", by, depth=1).links] == ["allow"]
    assert [link.reason for link in redirect("http://other.example/", by, depth=0).links] == ["scope host"]


@pytest.mark.parametrize(
    ("location", "trail", "options", "outcome", "words"),
    [
        (ADDRESS + "#top", (), {}, "too_many_redirects", "to itself"),
        (f"{SITE}/a", (f"{SITE}/b", f"{SITE}/a"), {}, "too_many_redirects", f"in a circle: {SITE}/a → {SITE}/b → "),
        (f"{SITE}/c", (), {"max_redirects": 2}, "too_many_redirects", f"More than 2 redirects in a row, to {SITE}/c"),
        (f"{SITE}/c", (), {"max_redirects": 0}, "too_many_redirects", "More than 0 redirects"),
        ("mailto:a@b.c", (), {}, "malformed_response", "leads nowhere"),
    ],
)
def test_redirects_that_are_not_followed(
    location: str, trail: tuple[str, ...], options: dict[str, Any], outcome: str, words: str
) -> None:
    closing = redirect(location, reader(options={"max_retries": 0, **options}), trail, hops=2)
    assert closing.outcome == outcome and words in closing.reason and not closing.links
    assert len(redirect(f"{SITE}/c", reader(options={"max_redirects": 3}), hops=2).links) == 1


def test_a_redirect_without_a_target_may_pass() -> None:
    closing = answer("", status=301, headers=[]).closing
    assert closing.outcome == "malformed_response" and closing.retry_at is not None


# media types


@pytest.mark.parametrize(
    ("content_type", "wanted", "outcome"),
    [
        ("text/html; charset=utf-8", [], "fetched"),
        ("TEXT/HTML", ["text/html"], "fetched"),
        ("application/xhtml+xml", ["text/html"], "bad_content_type"),
        ("application/xhtml+xml", ["text/html", "application/*"], "fetched"),
        ("image/png", [], "bad_content_type"),
        ("", ["application/xml"], "fetched"),
    ],
)
def test_pages_of_other_media_types_are_left_out(content_type: str, wanted: list[str], outcome: str) -> None:
    closing = answer(by=reader(options={"content_types": wanted}), content_type=content_type).closing
    assert closing.outcome == outcome and closing.retry_at is None
    assert bool(closing.reason) is (outcome != "fetched")


def test_a_source_is_wanted_whatever_pages_must_be() -> None:
    by = reader(options={"content_types": ["text/html"]})
    assert answer("<urlset/>", by, content_type="application/xml", kind="sitemap").closing.outcome == "fetched"


# tries


@pytest.mark.parametrize(
    ("options", "status", "tries", "again"),
    [
        ({"max_retries": 1}, 503, 0, True),
        ({"max_retries": 1}, 503, 1, False),
        ({"max_retries": 1}, 404, 0, False),
        ({"max_retries": 0, "retries": {"503": 2}}, 503, 1, True),
        ({"max_retries": 0, "retries": {"503": 2}}, 503, 2, False),
        ({"max_retries": 9, "retries": {"503": 0}}, 503, 0, False),
        ({"max_retries": 9, "retries": {"503": 0, "http_error": 5}}, 502, 4, True),
        ({"max_retries": 9, "retries": {"503": 0, "http_error": 5}}, 502, 5, False),
        ({"retries": {"403": 1}}, 403, 0, True),
        ({"retries": {"http_error": 5}}, 403, 0, False),
    ],
)
def test_how_often_by_status_then_by_outcome_then_at_all(
    options: dict[str, Any], status: int, tries: int, again: bool
) -> None:
    closing = answer("", reader(options=options), status=status, tries=tries).closing
    assert (closing.retry_at is not None) is again and closing.outcome == "http_error"


def test_the_longest_wait_is_the_jobs_to_say() -> None:
    by = reader(options={"max_retries": 20, "retry_delay": 1, "retry_max_delay": 5})
    waits = []
    for tries in range(20):
        closing = answer_failure(fetched("", tries=tries), "timeout", "", by, NOW, Random(tries)).closing
        waits.append((closing.retry_at or 0) - NOW.timestamp())
    assert 0 < max(waits) <= 5 and all(closing is not None for closing in waits)


@pytest.mark.parametrize("whole", [True, False])
def test_at_a_host_that_is_left_alone_a_page_waits_and_nothing_is_counted(whole: bool) -> None:
    by = reader(options={"max_retries": 0})
    told: dict[str, Any] = {"resting": True, "retry_after": 90.0, "reason": "The host is left alone for 90 s."}
    if whole:
        closing = answer("", by, status=503, **told).closing
    else:
        failed = fetched("", status=None, failure="timeout", **told)
        closing = answer_failure(failed, "timeout", failed.reason, by, NOW, Random(1)).closing
    assert closing.retry_at == NOW.timestamp() + 90 and not closing.counts and closing.reason == told["reason"]
    assert not closing.whole, "its fetcher will be asked for this try again"


def test_at_the_end_of_the_jobs_patience_a_page_fails_whatever_tries_are_left() -> None:
    by = reader(options={"max_retries": 20})
    assert answer("", by, status=503, given_up=True).closing.retry_at is None
    failed = fetched("", status=None, failure="timeout", given_up=True)
    assert ended(answer_failure(failed, "timeout", "Enough.", by, NOW, Random(1)).closing) == ("timeout", "Enough.")


# freshness


def test_a_page_is_remembered_where_the_job_asks_for_it() -> None:
    headers = [("content-type", "text/html"), ("etag", 'W/"1"'), ("last-modified", "Mon, 01 Jan 2024 00:00:00 GMT")]
    by = reader(options={"freshness": {"interval": 60}, "max_depth": 0})
    closing = answer(by=by, headers=headers, content_hash="h").closing
    memory = closing.memory
    assert memory is not None and not closing.links, "where it leads is known although this run does not follow"
    assert [entry.url for entry in unpacked(memory.links or b"")] == [f"{SITE}/x"]
    assert (memory.etag, memory.last_modified, memory.content_hash) == ('W/"1"', headers[2][1], "h")
    assert memory.seen_at == datetime(2024, 5, 15, 12, 30, 15, tzinfo=UTC).timestamp()
    assert answer(headers=headers).closing.memory is None


def test_the_crawl_goes_on_from_a_page_that_has_not_changed() -> None:
    links = packed([Entry(f"{SITE}/{name}", fingerprint(f"{SITE}/{name}"), "page") for name in ("x", "cart")])
    by = reader(options={"freshness": True, "deny": ["/cart"]})
    closing = answer("", by, links=links, status=304, depth=1).closing
    assert (closing.outcome, closing.klass) == ("not_modified", "fetched")
    assert [(link.url, link.depth, link.reason) for link in closing.links] == [
        (f"{SITE}/x", 2, ""), (f"{SITE}/cart", 2, "deny: /cart"),
    ]  # fmt: skip
    assert closing.memory is not None and closing.memory.links is None


def test_a_page_that_rests_was_not_visited_and_the_crawl_goes_on_all_the_same() -> None:
    links = packed([Entry(f"{SITE}/s.xml", row_fingerprint(f"{SITE}/s.xml", "sitemap"), "sitemap")])
    by = reader(options={"freshness": True})
    closing = answer("", by, links=links, status=304, reason="Seen lately.", kind="sitemap", headers=[]).closing
    assert [(link.kind, link.depth) for link in closing.links] == [("sitemap", 1)]
    assert closing.memory is None and ended(closing) == ("not_modified", "Seen lately.")


# what is told


def test_the_outcome_tells_what_the_visit_saw() -> None:
    saw: dict[str, Any] = {
           "kind": "page", "hops": 2, "address": "203.0.113.7", "http_version": "HTTP/2", "tls_version": "TLSv1.3",
           "dns_ms": 1.5, "connect_ms": 2.5, "tls_ms": 3.5, "first_byte_ms": 4.5, "wire_size": 12, "content_hash": "h",
           "body_ref": "b", "screenshot_ref": "s"}  # fmt: skip
    headers = [("content-type", "Text/HTML; charset=utf-8"), ("set-cookie", "sid=secret; Path=/"), ("server", "x"),
               ("big", "x" * 5000), ("after", "1")]  # fmt: skip
    told = outcome_of(answer(headers=headers, **saw), Closed(True, 1))
    assert {name: getattr(told, name) for name in saw} == saw
    assert told.content_type == "text/html"
    assert told.headers == [headers[0], ("set-cookie", "sid=…"), ("server", "x")]
    assert (told.final, told.retry_at, told.new_links) == (True, "", 1)


def test_the_outcome_of_a_try_says_when_the_next_one_is() -> None:
    told = outcome_of(answer("", status=503, retry_after=3600.0), Closed(False, retried=True))
    assert (told.final, told.retry_at) == (False, "2026-03-01T01:00:00.000Z")


CASES = json.loads((Path(__file__).parents[1] / "schemas" / "cases" / "redirects.json").read_text())["cases"]


@pytest.mark.parametrize(("url", "location", "target", "_"), CASES)
def test_published_redirects(url: str, location: str, target: str, _: str) -> None:
    closing = redirect(location, reader(options={"scope": "any", "max_retries": 0}), url=url)
    failures = {"self": "too_many_redirects", "malformed": "malformed_response"}
    assert closing.outcome == failures.get(target, "redirected")
    assert [link.url for link in closing.links] == ([] if target in failures else [target])
