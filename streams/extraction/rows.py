"""What a page or a source names, as rows of the frontier: queued, or left out by the rule that says so."""

from collections.abc import Sequence

from schemas.events import FetchResult
from schemas.events.requests import SourceKind
from schemas.frontier import FoundLink
from schemas.hosts import host_of
from schemas.scope import TOO_DEEP
from streams.extraction.links import Link, select
from streams.extraction.reading import Reader
from streams.extraction.sources import MAX_NESTED, Entry


def rows_of_links(links: Sequence[Link], reader: Reader, result: FetchResult) -> list[FoundLink]:
    """The links of a page, one further away from the seeds than it is."""
    return [
        FoundLink(url_fp=link.fp, url=link.url, host=link.host, depth=link.depth, outcome=link.outcome,
                  reason=link.reason or "")
        for link in select(links, reader.scope, result.depth, result.url)
    ]  # fmt: skip


def rows_of_entries(entries: Sequence[Entry], reader: Reader, result: FetchResult) -> list[FoundLink]:
    """The entries of a source: pages are seeds under the run's scope; sitemaps are one deeper within their indexes,
    and what is asked of them is the site alone, since the job's patterns speak of pages."""
    rows = []
    for url, fp, kind in entries:
        if kind == "page":
            depth, reason = 0, reader.scope.verdict(url, 0)
        else:
            depth = result.depth + 1
            reason = TOO_DEEP if depth > MAX_NESTED else reader.scope.outside(url)
        rows.append(_row(url, fp, kind, depth, reason))
    return rows


def _row(url: str, fp: str, kind: SourceKind, depth: int, reason: str | None) -> FoundLink:
    return FoundLink(
        url_fp=fp,
        url=url,
        host=host_of(url),
        depth=depth,
        outcome="out_of_scope" if reason else None,
        reason=reason or "",
        kind=kind,
    )
