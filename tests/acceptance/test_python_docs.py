"""The real docs.python.org, as Debian ships it: every page that can be reached, held against a walk over the files.

The walk shares no code with Trawl: the standard library's parser, its own idea of a link and of text. Texts are
compared without white space, since where a blank belongs is a matter of layout.
"""

import mimetypes
from collections import deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import orjson
import pytest

from schemas.urls import UrlError, canonical, fingerprint
from tests.acceptance.system import System

_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)


@dataclass
class Page(HTMLParser):
    """What a page says, by the standard library's parser."""

    title: str = ""
    headings: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in ("a", "area") and found.get("href") is not None and "nofollow" not in (found.get("rel") or ""):
            self.links.append(str(found["href"]))
        if tag == "link" and {"next", "prev"} & set((found.get("rel") or "").split()):
            self.links.append(str(found["href"]))
        if tag not in _VOID:
            self._open.append(tag)
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if {"script", "style", "template"} & set(self._open):
            return
        if "title" in self._open and "body" not in self._open and "svg" not in self._open:
            self.title += data
        if "body" in self._open:
            self.text.append(data)
        if {"h1", "h2", "h3", "h4", "h5", "h6"} & set(self._open):
            self.headings[-1] += data


def bare(text: str) -> str:
    return "".join(text.split())


def walk(root: Path, start: str) -> tuple[dict[str, Page], set[str], set[str], set[str]]:
    """(pages by URL, missing URLs, URLs of other types, URLs outside), from the files alone."""
    pages: dict[str, Page] = {}
    missing, others, outside = set[str](), set[str](), set[str]()
    host, queue, seen = urlsplit(start).netloc, deque([start]), {start}
    while queue:
        url = queue.popleft()
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            continue
        if parts.netloc != host:
            outside.add(url)
            continue
        file = root / unquote(parts.path).lstrip("/")
        if not file.is_file():
            missing.add(url)
            continue
        if mimetypes.guess_type(file.name)[0] != "text/html":
            others.add(url)
            continue
        page = pages[url] = Page()
        page.feed(file.read_text("utf-8"))
        page.close()
        for href in page.links:
            target = urldefrag(urljoin(url, href.strip())).url
            if urlsplit(target).path == "":
                target = target + "/" if "?" not in target else target.replace("?", "/?", 1)
            if target not in seen:
                seen.add(target)
                queue.append(target)
    return pages, missing, others, outside


@pytest.mark.timeout(300)
def test_every_page_of_the_real_documentation(system: System, python_docs: Path | None, docs_host: str) -> None:
    if python_docs is None:
        pytest.skip("Debian's package python3-doc is not installed here")
    start = f"http://{docs_host}/index.html"
    pages, missing, others, outside = walk(python_docs, start)
    assert len(pages) > 400

    job_id = system.scrape(
        {
            "url": start,
            "name": "Python's documentation",
            "dataset": "python-docs",
            "options": {"follow": True, "max_pages": 5000, "delay": 0, "concurrency": 8, "max_retries": 0},
        }
    )
    job = system.ended(job_id, timeout=240)
    assert job["status"] == "completed", job

    rows = system.query("select url, data from records where job_id = {job:UUID}", job=job_id)
    stored = {url: orjson.loads(data) for url, data in rows}
    assert len(rows) == len(stored)
    fetched_pages = {url for url in stored if url in pages}
    assert fetched_pages == set(pages), set(pages) ^ fetched_pages
    for url, page in pages.items():
        record = stored[url]
        assert bare(record.get("title", "")) == bare(page.title), url
        headings = [bare(heading) for heading in page.headings if heading.strip()]
        assert [bare(heading) for heading in record.get("headings", [])] == headings, url
        assert bare(record.get("text", "")) == bare("".join(page.text)), url

    outcomes = accounted(system, job_id)
    assert {url for url, (outcome, _) in outcomes.items() if outcome == "http_error"} == missing
    left_out = {fingerprint(url) for url, (outcome, _) in outcomes.items() if outcome == "out_of_scope"}
    assert left_out == {fingerprint(url) for url in map(spelled, outside) if url}
    assert set(outcomes) >= set(pages) | missing | others, (set(pages) | missing | others) - set(outcomes)
    assert len(outcomes) == job["counts"]["requested"]


def spelled(url: str) -> str:
    """A link to elsewhere in its one spelling, as the accounts have it; empty for one that leads nowhere."""
    try:
        return canonical(url)
    except UrlError:
        return ""


def accounted(system: System, job_id: str) -> dict[str, tuple[str, str]]:
    """Every URL of the run with its outcome and reason, from the gateway, page by page."""
    found: dict[str, tuple[str, str]] = {}
    client, cursor = system.client(), None
    while True:
        answer = client.get(
            f"/api/v1/jobs/{job_id}/urls", params={"limit": 500, **({"cursor": cursor} if cursor else {})}
        )
        assert answer.status_code == 200, answer.text
        body = answer.json()
        for row in body["urls"]:
            found[row["url"]] = (row["outcome"], row["reason"])
        cursor = body.get("next_cursor")
        if not cursor:
            return found
