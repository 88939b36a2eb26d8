"""RFC 9309: the examples of the standard, and what the answer to a request for robots.txt means."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from producers.politeness.robots import (
    LIFETIME,
    MAX_BYTES,
    UNREACHABLE_LIFETIME,
    UNREACHABLE_PATIENCE,
    RobotsFile,
    product_token,
)

EXAMPLES = yaml.safe_load((Path(__file__).parent / "data" / "rfc9309.yaml").read_text())


def allowed(body: bytes, agent: str, path: str) -> bool:
    file = RobotsFile.of_response(200, body, 0.0)
    return file.verdict(f"https://www.example.com{path}", agent).allowed


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example['section']} {example['says']}")
def test_the_examples_of_the_standard(example: dict[str, Any]) -> None:
    body = example["robots"].encode()
    for agent, paths in example["agents"].items():
        expected = {path: True for path in paths.get("allowed", [])}
        expected |= dict.fromkeys(paths.get("disallowed", []), False)
        assert {path: allowed(body, agent, path) for path in expected} == expected, agent


@pytest.mark.parametrize(
    ("line", "addressed"),
    [("TrawlBot", True), ("trawlbot/0.1", True), ("TRAWLBOT # us", True), ("Trawl", False), ("TrawlBot-Image", False)],
)
def test_the_product_token_is_compared_whole_and_without_version(line: str, addressed: bool) -> None:
    body = f"User-agent: {line}\nDisallow: /\n\nUser-agent: *\nAllow: /\n".encode()
    assert allowed(body, "TrawlBot", "/page") is not addressed


@pytest.mark.parametrize(
    "body", [b"", b"<!DOCTYPE html><html><body>Not found</body></html>", b"\xff\xfe\x00garbage\x00" * 50, b"\n" * 1000]
)
def test_what_is_not_a_robots_file_forbids_nothing(body: bytes) -> None:
    assert allowed(body, "trawlbot", "/page")


def test_a_byte_order_mark_does_not_hide_the_first_group() -> None:
    assert not allowed(b"\xef\xbb\xbfUser-agent: *\nDisallow: /\n", "trawlbot", "/page")


def test_only_the_first_500_kibibytes_count_and_no_cut_line() -> None:
    filler = b"User-agent: *\n" + b"#" * (MAX_BYTES - 35) + b"\n"
    body = filler + b"Disallow: /private/inner\nDisallow: /late\n"
    cut_inside_rule = MAX_BYTES - len(filler)
    assert 0 < cut_inside_rule < len(b"Disallow: /private/inner\n")
    assert allowed(body, "trawlbot", "/late")
    assert allowed(body, "trawlbot", "/private/inner")


@pytest.mark.parametrize(
    ("status", "permitted", "lifetime"),
    [(404, True, LIFETIME), (403, True, LIFETIME), (401, True, LIFETIME), (410, True, LIFETIME), (302, True, LIFETIME),
     (500, False, UNREACHABLE_LIFETIME), (501, False, UNREACHABLE_LIFETIME), (503, False, 0.0), (429, False, 0.0)],
)  # fmt: skip
def test_what_a_status_means(status: int, permitted: bool, lifetime: float) -> None:
    file = RobotsFile.of_response(status, b"User-agent: *\nDisallow: /", 1000.0)
    verdict = file.verdict("https://example.com/page", "TrawlBot")
    assert verdict.allowed is permitted
    assert str(status) in verdict.reason
    assert lifetime == 0.0 or not file.stale(1000.0 + lifetime - 1)
    assert file.stale(1000.0 + lifetime)


def test_robots_txt_itself_may_be_read_even_when_the_site_cannot_say() -> None:
    file = RobotsFile.unreachable("no answer", 0.0)
    assert file.verdict("https://example.com/robots.txt", "TrawlBot").allowed
    assert not file.verdict("https://example.com/", "TrawlBot").allowed


def test_a_known_file_is_obeyed_while_the_site_cannot_say() -> None:
    known = RobotsFile.of_response(200, b"User-agent: *\nDisallow: /private\nCrawl-delay: 3\n", 0.0)
    later = RobotsFile.of_response(500, b"", LIFETIME, previous=known)
    assert not later.verdict("https://example.com/private", "TrawlBot").allowed
    assert later.verdict("https://example.com/open", "TrawlBot").allowed
    assert later.verdict("https://example.com/open", "TrawlBot").crawl_delay == 3
    assert later.stale(LIFETIME + UNREACHABLE_LIFETIME)
    assert later.unreachable_since == LIFETIME


def test_a_site_that_never_says_is_taken_to_have_no_file_after_30_days() -> None:
    file = RobotsFile.unreachable("no answer", 0.0)
    for now in range(0, int(UNREACHABLE_PATIENCE), 86_400):
        file = RobotsFile.unreachable("no answer", float(now), previous=file)
        assert not file.verdict("https://example.com/", "TrawlBot").allowed
    file = RobotsFile.unreachable("no answer", UNREACHABLE_PATIENCE, previous=file)
    assert file.verdict("https://example.com/", "TrawlBot").allowed


@pytest.mark.parametrize(
    ("line", "expected"), [("2", 2.0), ("0.5", 0.5), ("-1", None), ("soon", None), ("inf", None), ("nan", None)]
)
def test_crawl_delay(line: str, expected: float | None) -> None:
    body = f"User-agent: *\nCrawl-delay: {line}\n".encode()
    assert RobotsFile.of_response(200, body, 0.0).verdict("https://example.com/", "TrawlBot").crawl_delay == expected


def test_crawl_delay_of_our_own_group_goes_before_everyones() -> None:
    body = b"User-agent: *\nCrawl-delay: 9\n\nUser-agent: trawlbot\nCrawl-delay: 2\n"
    assert RobotsFile.of_response(200, body, 0.0).verdict("https://example.com/", "TrawlBot").crawl_delay == 2


@pytest.mark.parametrize(
    ("agent", "token"),
    [("TrawlBot/0.1", "TrawlBot"), ("TrawlBot/0.1 (+about)", "TrawlBot"), ("my_own-bot 2", "my_own-bot"), ("42", "*")],
)
def test_product_token(agent: str, token: str) -> None:
    assert product_token(agent) == token
