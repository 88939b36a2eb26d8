"""The rows of the frontier as they come in and go out; in which order those of one run go (what names seeds, then the
seeds, then what they link to), and how many."""

from dataclasses import dataclass

from schemas.events.requests import SourceKind

SOURCE, SEED, LINK = 2, 1, 0

MAX_SOURCES = 1000
"""Sitemaps and feeds that a run reads at most: they cost no budget, and an index may name indexes without end."""

MAX_BEYOND = 1000
"""New links of one answer that become rows although the budget has no room for them, to be told why they were left."""

TOO_MANY_SOURCES = "more than 1,000 sitemaps and feeds"


def left_out_note(count: int) -> str:
    """What the row of an answer says of links that became no rows."""
    return f"{count:,} links more than max_pages has room for were left out"


def priority_of(kind: str, depth: int) -> int:
    """The place of a new row; within one place breadth comes first. A redirect's target takes that of its source."""
    if kind != "page":
        return SOURCE
    return SEED if depth == 0 else LINK


@dataclass(frozen=True, slots=True)
class Seed:
    """A first URL of a run, canonical: a page, or a sitemap or feed that names pages."""

    url_fp: str
    url: str
    host: str
    kind: SourceKind = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLink:
    """A link as a row of the frontier: queued when `outcome` is None, else closed at once as filtered.

    The depth of a source is how many indexes it was reached through.
    """

    url_fp: str
    url: str
    host: str
    depth: int
    hops: int = 0
    outcome: str | None = None
    reason: str = ""
    kind: SourceKind = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One row of the frontier that was reserved for a visit."""

    run_id: str
    url_fp: str
    url: str
    host: str
    attempt: int
    depth: int
    hops: int
    tries: int
    kind: SourceKind = "page"
