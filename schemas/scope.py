"""Which links belong to a run: the job's `follow`, `scope`, `allow`, `deny` and `max_depth`.

Pure and shared: the stage that finds links asks it, and so does whoever explains why a URL was left out.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import regex  # type: ignore[import-untyped]

from schemas.errors import SchemaError
from schemas.hosts import bare_host, host_of, registered_domain
from schemas.traps import FEW_SLASHES, MAX_CHAIN, MAX_PARAMETERS, endless_chain, endless_shape

TOO_DEEP = "too_deep"
"""The reason of a URL that is let in when it is found by a shorter way; every other is for good."""

_SHOWN = 80

MAX_PATTERN = 500
MAX_PATTERNS = 50
PATTERN_SECONDS = 0.05
_STRIKES = 3
_GRACE_S, _FAIR_S = 0.5, 0.002
"""Processor time of all patterns of a run together: so much at once, and so much for each URL. Fifty honest ones take
0.2 ms of a quick machine, and no slow one shall take them for something else."""
_KNOWN_HOSTS = 4096


class ScopeError(SchemaError):
    """A pattern cannot be used; the text says which and why."""


class _Pattern:
    """One pattern with a bound on its time: a person writes it, and some patterns never end (`(a+)+$`).

    One that ran out of time three times is given up: it answers `on_failure` at once, so that a bad pattern costs a
    run a fraction of a second and not every link of every page.
    """

    __slots__ = ("_compiled", "_on_failure", "_strikes", "reason")

    def __init__(self, text: str, on_failure: bool) -> None:
        if len(text) > MAX_PATTERN:
            raise ScopeError(f"The pattern {text[:40]!r}… has {len(text)} characters; {MAX_PATTERN} are allowed.")
        try:
            self._compiled = regex.compile(text)
        except regex.error as problem:
            raise ScopeError(f"{text!r} is not a regular expression: {problem}") from problem
        self._on_failure = on_failure
        self._strikes = 0
        self.reason = f"deny: {text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}"

    def found_in(self, url: str) -> bool:
        if self._strikes >= _STRIKES:
            return self._on_failure
        try:
            return self._compiled.search(url, timeout=PATTERN_SECONDS) is not None
        except TimeoutError:
            self._strikes += 1
            return self._on_failure

    def cost(self, url: str) -> float:
        """Seconds of the processor that it takes for one more look."""
        began = time.thread_time()
        self.found_in(url)
        return time.thread_time() - began

    def give_up(self) -> None:
        self._strikes = _STRIKES


class Scope:
    """Decides link by link; compiled once a run, asked some fifty times a page.

    A URL that is left out is the outcome `out_of_scope`; the reason names the rule: TOO_DEEP, `scope host`, `scope
    domain`, `allow`, `deny: <the pattern>`, or `trap: …` (`schemas/traps.py`).

    `scope`: "host" is the seeds' hosts (with port; `www.` and without it are one, since sites redirect between them),
    "domain" their registered domains, "any" everything. Patterns are searched for in the canonical URL: one of
    `allow` (where there are any) and none of `deny` must be found. A pattern that runs out of time leaves the URL
    out, and so does from then on the costliest of those that take too long together. `chains` bounds endless ones,
    for jobs that do not say themselves how deep they go. Raises ScopeError for patterns that are too long, too many
    or not regular expressions.
    """

    def __init__(
        self,
        seeds: Iterable[str],
        *,
        follow: bool = True,
        scope: Literal["host", "domain", "any"] = "host",
        include_subdomains: bool = False,
        allow: Sequence[str] = (),
        deny: Sequence[str] = (),
        max_depth: int = 0,
        chains: bool = True,
    ) -> None:
        if max(len(allow), len(deny)) > MAX_PATTERNS:
            raise ScopeError(f"At most {MAX_PATTERNS} patterns are taken for each of allow and deny.")
        self._scope = scope
        self._outside = f"scope {scope}"
        self._longest_chain = MAX_CHAIN if chains else max_depth
        self._max_depth = max_depth if follow else 0
        hosts = {host_of(seed) for seed in seeds}
        self._sites = {registered_domain(host) if scope == "domain" else _without_www(host) for host in hosts}
        self._tails = tuple(f".{site}" for site in self._sites) if include_subdomains and scope == "host" else ()
        self._allow = [_Pattern(text, on_failure=False) for text in allow]
        self._deny = [_Pattern(text, on_failure=True) for text in deny]
        self._patterns = self._allow + self._deny
        self._over = 0.0
        self._known: dict[str, bool] = {}

    def verdict(self, url: str, depth: int, found_on: str = "", seconds: float | None = None) -> str | None:
        """None: the canonical `url`, `depth` links away from a seed, belongs. Otherwise why it does not. ScopeError
        where its patterns need more than `seconds` in all (None: each has its own bound, and that is enough)."""
        ends = None if seconds is None else time.monotonic() + seconds
        if depth > self._max_depth:
            return TOO_DEEP
        if self._scope != "any" and not self._belongs(host_of(url)):
            return self._outside
        if self._patterns:
            began = time.thread_time()
            reason = self._refused(url, ends)
            self._count(url, time.thread_time() - began)
            if reason:
                return reason
        if url.count("/") >= FEW_SLASHES or url.count("&") >= MAX_PARAMETERS:
            trap = endless_shape(url)
            if trap:
                return trap
        return endless_chain(url, found_on) if depth > self._longest_chain else None

    def _refused(self, url: str, ends: float | None) -> str | None:
        if self._allow and not any(pattern.found_in(url) for pattern in _until(ends, self._allow)):
            return "allow"
        return next((pattern.reason for pattern in _until(ends, self._deny) if pattern.found_in(url)), None)

    def _count(self, url: str, seconds: float) -> None:
        """A hundred patterns that each stay within their bound would still hold up every page of everybody."""
        self._over = max(0.0, self._over + seconds - _FAIR_S)
        if self._over > _GRACE_S:
            max(self._patterns, key=lambda pattern: pattern.cost(url)).give_up()
            self._over = 0.0

    def outside(self, url: str) -> str | None:
        """Where a seed has moved to is as good as the seed, of which nothing is asked but the site."""
        return None if self._scope == "any" or self._belongs(host_of(url)) else self._outside

    def _belongs(self, host: str) -> bool:
        known = self._known.get(host)
        if known is None:
            if self._scope == "domain":
                known = registered_domain(host) in self._sites
            else:
                known = _without_www(host) in self._sites or host.endswith(self._tails)
            if len(self._known) >= _KNOWN_HOSTS:
                self._known.clear()
            self._known[host] = known
        return known


def _until(ends: float | None, patterns: Sequence[_Pattern]) -> Iterable[_Pattern]:
    return patterns if ends is None else _watched(ends, patterns)


def _watched(ends: float, patterns: Sequence[_Pattern]) -> Iterator[_Pattern]:
    for pattern in patterns:
        if time.monotonic() >= ends:
            raise ScopeError("its patterns take too long")
        yield pattern


def _without_www(host: str) -> str:
    return host[4:] if host.startswith("www.") and "." in bare_host(host[4:]) else host
