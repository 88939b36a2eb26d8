"""Where a redirect leads: a row of its own, one hop further, so that scope, leases and deduplication hold for it."""

from collections.abc import Sequence

from schemas.events import FetchResult
from schemas.frontier import FoundLink
from schemas.hosts import UrlError, host_of
from schemas.urls import canonical, row_fingerprint
from streams.extraction.errors import UnreadableError
from streams.extraction.reading import Reader


def redirect_target(result: FetchResult, reader: Reader, trail: Sequence[str]) -> FoundLink:
    """The target's row; it is what the redirecting row is (a seed, a sitemap), at the same depth.

    `trail` is which URLs' redirects led here. The target is spelled as the host says it: a site that sends its
    visitors to an address with a session means that one. Raises UnreadableError: `malformed_response` where nothing
    can be followed, `too_many_redirects` for a circle and beyond the job's max_redirects.
    """
    target = _target(result)
    limit = reader.run.description.options.max_redirects
    fp = row_fingerprint(target, result.kind)
    if fp == result.url_fp:
        raise UnreadableError("too_many_redirects", "The page redirects to itself.")
    if target in trail:
        circle = " → ".join([*reversed(trail[: trail.index(target) + 1]), result.url, target])
        raise UnreadableError("too_many_redirects", f"The page redirects in a circle: {circle}")
    if result.hops + 1 > limit:
        raise UnreadableError("too_many_redirects", f"More than {limit} redirects in a row, to {target}")
    # Of a seed nothing is asked but its site, and the same goes for where it has moved to.
    seed = result.depth == 0 or result.kind != "page"
    outside = reader.scope.outside(target) if seed else reader.scope.verdict(target, result.depth, result.url)
    return FoundLink(
        url_fp=fp,
        url=target,
        host=host_of(target),
        depth=result.depth,
        hops=result.hops + 1,
        outcome="out_of_scope" if outside else None,
        reason=outside or "",
        kind=result.kind,
    )


def _target(result: FetchResult) -> str:
    location = next((value for name, value in result.headers if name.lower() == "location"), None)
    if location is None:
        raise UnreadableError("malformed_response", "The redirect names no target.")
    try:
        # Headers travel as Latin-1; hosts that write other than ASCII mean UTF-8.
        return canonical(_as_meant(location), result.url)
    except UrlError as problem:
        raise UnreadableError("malformed_response", f"The redirect leads nowhere: {problem}") from problem


def _as_meant(location: str) -> str:
    """A Location's bytes, which came as Latin-1: UTF-8 where they are, else each as it stands (`caf\xe9` is
    `caf%E9`, the name that the host has for the page)."""
    raw = location.encode("latin-1", "replace")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)
