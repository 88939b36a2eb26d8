"""The real docs.python.org, as Debian ships it: every page that can be reached, held against a walk over the files.

Texts are compared without white space, since where a blank belongs is a matter of layout.
"""

from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import orjson
import pytest

from schemas.hosts import UrlError
from schemas.urls import canonical, fingerprint
from tests.acceptance.strict_docs import AGENT, DENIED, FAILS_ONCE, StrictDocs
from tests.acceptance.system import System
from tests.acceptance.walking import Page, accounted, file_of, walk

MAX_BODY = 200_000
PART = ("library", "tutorial", "reference")


def bare(text: str) -> str:
    return "".join(text.split())


def spelled(url: str) -> str:
    """A link to elsewhere in its one spelling, as the accounts have it; empty for one that leads nowhere."""
    try:
        return canonical(url)
    except UrlError:
        return ""


@pytest.mark.slow
def test_every_page_of_the_real_documentation(system: System, python_docs: Path | None, docs_host: str) -> None:
    if python_docs is None:
        pytest.skip("Debian's package python3-doc is not installed here")
    start = f"http://{docs_host}/index.html"
    real = walk(python_docs, start)
    assert len(real.pages) > 400

    job_id = system.scrape(
        {
            "url": start,
            "name": "Python's documentation",
            "dataset": "python-docs",
            "options": {"follow": True, "max_pages": 5000, "delay": 0, "concurrency": 8, "max_retries": 0},
        }
    )
    job = system.ended(job_id, timeout=480)
    assert job["status"] == "completed", job

    rows = system.query("select url, data from records where job_id = {job:UUID}", job=job_id)
    stored = {url: orjson.loads(data) for url, data in rows}
    assert len(rows) == len(stored)
    fetched_pages = {url for url in stored if url in real.pages}
    assert fetched_pages == set(real.pages), set(real.pages) ^ fetched_pages
    for url, page in real.pages.items():
        record = stored[url]
        assert bare(record.get("title", "")) == bare(page.title), url
        headings = [bare(heading) for heading in page.headings if heading.strip()]
        assert [bare(heading) for heading in record.get("headings", [])] == headings, url
        assert bare(record.get("text", "")) == bare("".join(page.text)), url

    outcomes = accounted(system, job_id)
    assert {url for url, (outcome, _) in outcomes.items() if outcome == "http_error"} == real.missing
    left_out = {fingerprint(url) for url, (outcome, _) in outcomes.items() if outcome == "out_of_scope"}
    assert left_out == {fingerprint(url) for url in map(spelled, real.outside) if url}
    known = set(real.pages) | real.missing | real.others
    assert set(outcomes) >= known, known - set(outcomes)
    assert len(outcomes) == job["counts"]["requested"]


@pytest.mark.slow
@pytest.mark.parametrize(("areas", "budget"), [(PART, 100), ((), 5000)], ids=["a part", "all of it"])
def test_it_with_all_options_at_once(
    system: System, strict_docs: StrictDocs | None, areas: tuple[str, ...], budget: int
) -> None:
    """What each URL must end as follows from the files and the rules; which hundred pages come first does not."""
    if strict_docs is None:
        pytest.skip("Debian's package python3-doc is not installed here")
    strict_docs.forget()
    host = strict_docs.url.removeprefix("http://")
    name = f"docs-{budget}"
    door = {"name": name, "kind": "basic", "scheme": "http", "host": host, "username": "reader", "secret": "of docs"}
    assert system.client().post("/api/v1/auth/credentials", json=door).status_code == 201
    start = f"{strict_docs.url}/library/index.html"
    job_id = system.scrape(
        {
            "url": start,
            "name": f"{budget} pages of it with all options",
            "dataset": f"python-strictly-{budget}",
            "options": {
                "follow": True, "max_depth": 50, "max_pages": budget, "scope": "host", "include_subdomains": True,
                "allow": [f"/({'|'.join(areas)})/"] if areas else [], "deny": [r"/library/[t-z][a-z.-]*\.html"],
                "strip_query": ["*"], "content_types": ["text/html"], "max_redirects": 3, "priority": "high",
                "respect_robots": True, "delay": 0, "concurrency": 8, "adaptive": True, "daily_pages": 5000,
                "host_patience": 5, "timeout": 60, "connect_timeout": 20, "read_timeout": 30, "max_body": MAX_BODY,
                "max_retries": 0, "retry_delay": 0.1, "retry_max_delay": 0.2, "retries": {"500": 1},
                "user_agent": AGENT, "headers": {"X-Reader": "all options"}, "cookies": {"session": "abc"},
                "keep_cookies": True, "credentials": name, "http2": True, "freshness": {"interval": 3600},
            },
            "extract": {"fields": {"title": {"css": "title::text", "required": True}}},
        }
    )  # fmt: skip
    job = system.ended(job_id, timeout=480)
    assert job["status"] == "completed", job
    outcomes = {url: outcome for url, (outcome, _) in accounted(system, job_id).items()}
    assert len(outcomes) == job["counts"]["requested"]

    pages = {url: read(strict_docs, url) for url, outcome in outcomes.items() if outcome == "fetched"}
    found = {start} | {target(url, href) for url, page in pages.items() for href in page.links}
    assert {fingerprint(url) for url in outcomes} == {fingerprint(url) for url in found if url}
    visited, wrong = 0, {}
    for url, outcome in outcomes.items():
        due = expected(strict_docs, url, areas)
        visited += outcome not in ("out_of_scope", "budget")
        if outcome != due and not (outcome == "budget" and due not in ("out_of_scope",)):
            wrong[url] = (outcome, due)
    assert not wrong
    seen = set(outcomes.values())
    assert {"fetched", "robots_denied", "out_of_scope", "too_large"} <= seen
    assert (visited == budget and "budget" in seen) if areas else (visited > 400 and "budget" not in seen)

    rows = system.query("select url, data from records where job_id = {job:UUID}", job=job_id)
    titles = {url: bare(orjson.loads(data)["title"]) for url, data in rows}
    assert titles == {url: bare(page.title) for url, page in pages.items()}
    strict_docs.check_requests()
    assert strict_docs.asked[FAILS_ONCE] == 2


def read(docs: StrictDocs, url: str) -> Page:
    page = Page()
    page.feed(file_of(docs.root, url).read_text("utf-8"))
    page.close()
    return page


def target(url: str, href: str) -> str:
    """Where a link leads with every parameter taken out."""
    whole = urldefrag(urljoin(url, href.strip())).url
    return spelled(urlsplit(whole)._replace(query="").geturl())


def expected(docs: StrictDocs, url: str, areas: tuple[str, ...]) -> str:
    """What a URL ends as unless the budget is spent before, by the files and the rules of this test."""
    parts = urlsplit(url)
    area, _, name = parts.path.lstrip("/").partition("/")
    if f"http://{parts.netloc}" != docs.url or (areas and area not in areas):
        return "out_of_scope"
    if area == "library" and "t" <= name[0] <= "z":
        return "out_of_scope"
    if parts.path.startswith(DENIED):
        return "robots_denied"
    file = file_of(docs.root, url)
    if not file.is_file():
        return "http_error"
    if file.suffix != ".html":
        return "bad_content_type"
    return "too_large" if file.stat().st_size > MAX_BODY else "fetched"
