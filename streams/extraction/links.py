"""The links of a page, in one spelling each, and which of them belong to the run."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from schemas.hosts import UrlError, host_of, origin_of
from schemas.outcomes import OutcomeName
from schemas.scope import Scope
from schemas.spelling import Spelling
from schemas.urls import canonical, fingerprint
from streams.extraction.document import Document, Node

MAX_LINKS = 20_000
"""Different links taken from one page; what is beyond is noted. Real pages have hundreds, indexes some thousands."""

_RELATIONS = frozenset({"next", "prev", "previous"})
_VALUED = frozenset({"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"})


class Link(NamedTuple):
    """Where a page points: the canonical URL, its fingerprint and its host (the key of politeness)."""

    url: str
    fp: str
    host: str


class LinkVerdict(NamedTuple):
    """A link as a row of the frontier: to be queued (`outcome` None), or closed at once with outcome and reason."""

    url: str
    fp: str
    host: str
    depth: int
    outcome: OutcomeName | None
    reason: str | None


_PLAIN = Spelling()
_REMEMBERED = 20_000


def find_links(document: Document, *, obey_nofollow: bool = True, spelling: Spelling = _PLAIN) -> list[Link]:
    """The pages that this one links to, in the order of the page, each once and never itself, as the run spells them.

    Taken: `a[href]`, `area[href]`, and `link` with rel next or prev. Not taken: `rel=canonical` (another name of this
    page, which would be a visit for nothing), frames, whatever is not http or https, and, unless `obey_nofollow` is
    off, what the page's author asks robots not to follow (`rel=nofollow` on the link, or "nofollow" or "none" for
    all robots in `<meta name=robots>` or X-Robots-Tag). Such links are not rows of the frontier: another page may
    link to the same address without that wish.
    """
    if obey_nofollow and _nofollow(document):
        return []
    base = document.base
    root = origin_of(base) + "/"  # what begins with a slash means the same on every page of a site
    seen: set[str] = set()
    found: dict[str, Link] = {}
    own = fingerprint(document.url)
    for href in _hrefs(document.named["links"], obey_nofollow):
        # A table of contents links to one page a hundred times; its fragments are gone before the costly part.
        reference = href.partition("#")[0]
        if reference in seen:
            continue
        seen.add(reference)
        link = _link(reference, root if reference[:1] == "/" else base, spelling)
        if link is None or link.fp in found or link.fp == own:
            continue
        if len(found) == MAX_LINKS:
            document.notes.append(f"The page has more than {MAX_LINKS} links; the rest was not followed.")
            break
        found[link.fp] = link
    return list(found.values())


@lru_cache(maxsize=_REMEMBERED)
def _link(reference: str, base: str, spelling: Spelling) -> Link | None:
    """A site's pages repeat each other's links; None for what is no page's address."""
    try:
        url = spelling.of_link(canonical(reference, base))
    except UrlError:
        return None
    return Link(url, fingerprint(url), host_of(url))


def select(links: Sequence[Link], scope: Scope, depth: int, found_on: str = "") -> list[LinkVerdict]:
    """What becomes of each link, found on the page `found_on`, `depth` links away from a seed; the order is kept."""
    below = depth + 1
    verdicts = []
    for url, fp, host in links:
        reason = scope.verdict(url, below, found_on)
        verdicts.append(LinkVerdict(url, fp, host, below, "out_of_scope" if reason else None, reason))
    return verdicts


def _hrefs(elements: Iterable[Node], obey_nofollow: bool) -> Iterator[str]:
    for element in elements:
        href = element.get("href")
        if href is None:
            continue
        rel = element.get("rel")
        if rel is None:
            if element.tag != "link":
                yield href
            continue
        relations = rel.lower().split()
        if obey_nofollow and "nofollow" in relations:
            continue
        if element.tag != "link" or not _RELATIONS.isdisjoint(relations):
            yield href


def _nofollow(document: Document) -> bool:
    wishes = [value for name, value in document.headers if name.lower() == "x-robots-tag"]
    for meta in document.named["meta"]:
        if (meta.get("name") or "").strip().lower() == "robots":
            wishes.append(meta.get("content") or "")
    return any(_forbids(wish.lower()) for wish in wishes)


def _forbids(wish: str) -> bool:
    """Whether one list of directives says nofollow to all robots; `otherbot: nofollow` is not meant for us."""
    for directive in wish.split(","):
        name, colon, _ = directive.partition(":")
        name = name.strip()
        if colon and name not in _VALUED:
            return False
        if name in ("nofollow", "none"):
            return True
    return False
