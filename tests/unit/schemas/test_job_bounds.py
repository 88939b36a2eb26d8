"""What a job may say is bounded where it would cost others: messages that must fit, patterns that must compile."""

import time
from typing import Any

import pytest
from pydantic import ValidationError

from producers.dispatch.tasks import task_of
from schemas import codec
from schemas.frontier import Issued
from schemas.hosts import host_of
from schemas.job import JobDescription
from schemas.job.options import MOST_IN_HEAD, MOST_SENT
from schemas.urls import canonical, fingerprint


def job(url: str = "https://shop.example/", **options: Any) -> JobDescription:
    return JobDescription.model_validate({"url": url, "options": options})


def task_at(url: str, by: JobDescription) -> Any:
    row = Issued(
        run_id="r",
        url_fp=fingerprint(url),
        url=url,
        host=host_of(url),
        attempt=1,
        depth=0,
        hops=0,
        tries=0,
        kind="page",
    )
    return task_of(row, by, "2026-01-01T00:00:00Z")


def test_the_largest_task_fits_into_a_message() -> None:
    longest = canonical("https://shop.example/" + "é" * 330)
    largest = job(
        longest, body="\x01" * MOST_SENT, headers={"x": "\x01" * 1999, "y": "\x01" * 1999}, user_agent="\x01" * 2000
    )
    assert len(codec.encode(task_at(longest, largest))) < 1_000_000


@pytest.mark.parametrize(
    "options",
    [
        {"body": "é" * (MOST_SENT // 2 + 1)},
        {"headers": {f"x-{number}": "v" * 2000 for number in range(MOST_IN_HEAD // 2000 + 1)}},
        {"cookies": {f"c{number}": "v" * 4000 for number in range(MOST_IN_HEAD // 4000 + 1)}},
    ],
)
def test_what_would_not_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="bytes"):
        job(**options)


@pytest.mark.parametrize(
    "pattern", ["a{1000000}", "(?:(?:a{999}){999}){999}", "(?:(?:(?:ab){99}){99}){99}", "a{ 9, 99999 }"]
)
def test_a_pattern_that_would_fill_the_memory_is_refused_at_once(pattern: str) -> None:
    began = time.process_time()
    with pytest.raises(ValidationError, match="repetitions"):
        job(deny=[pattern])
    assert time.process_time() - began < 5


def test_patterns_that_people_write_are_taken() -> None:
    assert job(deny=[r"/\d{4}/\d{2}/", r"[a-z]{2,40}\.html", "(?:a{2}){3}"], allow=["^.{1,500}$"])


DOORS = dict.fromkeys(
    ("Authorization", "cookie", "Proxy-Authorization", "X-Api-Key", "X-Auth-Token", "X-Shop-Key", "Client-Secret"), "S"
)


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://shop.example/x", True),
        ("http://shop.example/x", False),
        ("https://other.example/", False),
        ("https://shop.example:8443/", False),
        ("http://plain.example/x", True),
        ("https://plain.example/x", True),
    ],
)
def test_cookies_and_doors_go_to_named_sites_and_never_in_clear_by_another_scheme(url: str, trusted: bool) -> None:
    by = JobDescription.model_validate(
        {
            "urls": ["https://shop.example/", "http://plain.example/"],
            "options": {"cookies": {"sid": "S"}, "headers": DOORS | {"X": "y"}},
        }
    )
    task = task_at(url, by)
    assert (task.visit.cookies, task.headers) == (({"sid": "S"}, by.options.headers) if trusted else ({}, {"X": "y"}))


@pytest.mark.parametrize("proxy", ["https://proxy.example:3128", "http://", "socks5://proxy.example"])
def test_a_proxy_is_spoken_to_in_plain_http_and_has_a_host(proxy: str) -> None:
    assert job(proxy="http://proxy.example:3128").options.proxy
    with pytest.raises(ValidationError, match=r"options\.proxy"):
        job(proxy=proxy)


def test_a_page_is_not_rendered_through_a_proxy_of_the_job() -> None:
    with pytest.raises(ValidationError, match="leave out proxy or render"):
        job(proxy="http://proxy.example:3128", render=True)
    assert job(proxy="http://proxy.example:3128", render=False).options.render is None
