"""A site that changes and says so (ETag, Last-Modified), with sitemaps in gzip and a feed; it remembers its visits."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from typing import NamedTuple

from tests.acceptance.serving import QuietHandler, serving

BORN = 1_700_000_000


class Visit(NamedTuple):
    """One request: its condition as it was sent, and what was answered."""

    path: str
    condition: str
    status: int


class ChangingSite:
    """`/tag/N` have ETags, `/date/N` have dates, `/bare/N` nothing; each page tells its edition."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.editions: dict[str, int] = {
            f"/{kind}/{number}": 1 for kind in ("tag", "date", "bare") for number in range(4)
        }
        self.news = ["/news/1", "/news/2"]
        self.editions |= dict.fromkeys(["/hidden", *self.news], 1)
        self.visits: list[Visit] = []

    def change(self, *paths: str) -> None:
        """A new edition of these."""
        for path in paths:
            self.editions[path] = self.editions.get(path, 0) + 1

    def take_visits(self) -> list[Visit]:
        """What was asked for since the last call, but for robots.txt."""
        taken, self.visits = self.visits, []
        return [visit for visit in taken if visit.path != "/robots.txt"]

    def answer(self, path: str, etag: str, since: str) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body)."""
        if path in self._sources():
            return 200, {"Content-Type": "application/octet-stream"}, self._sources()[path]
        if path not in self.editions:
            return 404, {"Content-Type": "text/html"}, b"Not here."
        edition = self.editions[path]
        validators: dict[str, str] = {}
        if not path.startswith(("/date", "/bare")):
            validators["ETag"] = f'"{path} {edition}"'
        elif path.startswith("/date"):
            validators["Last-Modified"] = formatdate(BORN + 3600 * edition, usegmt=True)
        if validators and (etag, since) == (validators.get("ETag", ""), validators.get("Last-Modified", "")):
            return 304, validators, b""
        more = '<a href="/hidden">hidden</a>' if path == "/tag/0" else ""
        body = f"<html><title>{path}</title><body><p id=edition>{edition}</p>{more}</body></html>"
        return 200, {"Content-Type": "text/html", **validators}, body.encode()

    def _sources(self) -> dict[str, bytes]:
        named = [path for path in self.editions if path.startswith(("/tag", "/date", "/bare"))]
        halves = {"/one.xml": named[::2], "/two.xml.gz": named[1::2]}
        found = {
            path: self._list("urlset", "url", pages).encode() if path == "/one.xml"
            else gzip.compress(self._list("urlset", "url", pages).encode())
            for path, pages in halves.items()
        }  # fmt: skip
        found["/index.xml.gz"] = gzip.compress(self._list("sitemapindex", "sitemap", [*halves]).encode())
        items = "".join(f"<item><title>{path}</title><link>{self.url}{path}</link></item>" for path in self.news)
        found["/feed.xml"] = f'<?xml version="1.0"?><rss version="2.0"><channel>{items}</channel></rss>'.encode()
        return found

    def _list(self, root: str, entry: str, paths: list[str]) -> str:
        entries = "".join(f"<{entry}><loc>{self.url}{path}</loc></{entry}>" for path in paths)
        space = "http://www.sitemaps.org/schemas/sitemap/0.9"
        return f'<?xml version="1.0" encoding="UTF-8"?><{root} xmlns="{space}">{entries}</{root}>'


@contextmanager
def changing_site() -> Iterator[ChangingSite]:
    """Serves it until the block ends."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            etag, since = self.headers["If-None-Match"] or "", self.headers["If-Modified-Since"] or ""
            status, headers, body = site.answer(self.path, etag, since)
            site.visits.append(Visit(self.path, etag or since, status))
            self.send_response(status)
            for name, value in {**headers, **({"Content-Length": str(len(body))} if status != 304 else {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as port:
        site = ChangingSite(port)
        yield site
