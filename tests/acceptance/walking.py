"""Real pages read without Trawl: the standard library's parser, its own idea of a link and of text."""

import mimetypes
from collections import deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from tests.acceptance.system import System

_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_HEADINGS = frozenset(["h1", "h2", "h3", "h4", "h5", "h6"])


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
        if tag in _HEADINGS:
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
        if _HEADINGS & set(self._open):
            self.headings[-1] += data


@dataclass
class Walk:
    """What links from `start` lead to, by the files alone."""

    pages: dict[str, Page] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    """URLs of other types."""
    outside: set[str] = field(default_factory=set)


def walk(root: Path, start: str) -> Walk:
    """Breadth first from `start`, whose host serves `root`."""
    found = Walk()
    host, queue, seen = urlsplit(start).netloc, deque([start]), {start}
    while queue:
        url = queue.popleft()
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            continue
        if parts.netloc != host:
            found.outside.add(url)
            continue
        file = file_of(root, url)
        if not file.is_file():
            found.missing.add(url)
            continue
        if mimetypes.guess_type(file.name)[0] != "text/html":
            found.others.add(url)
            continue
        page = found.pages[url] = Page()
        page.feed(file.read_text("utf-8"))
        page.close()
        for href in page.links:
            target = urldefrag(urljoin(url, href.strip())).url
            if urlsplit(target).path == "":
                target = target + "/" if "?" not in target else target.replace("?", "/?", 1)
            if target not in seen:
                seen.add(target)
                queue.append(target)
    return found


def file_of(root: Path, url: str) -> Path:
    """The file that is served as `url`."""
    return root / unquote(urlsplit(url).path).lstrip("/")


def accounted(system: System, job_id: str) -> dict[str, tuple[str, str]]:
    """Every URL of the job's last run with its outcome and reason, from the gateway, page by page."""
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
