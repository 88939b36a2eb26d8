"""Reads robots.txt of the hosts that this fetcher visits, and remembers it for as long as RFC 9309 allows."""

import time
from collections import OrderedDict

from producers.fetch.exchange import Exchange
from producers.politeness.retry_after import retry_after
from producers.politeness.robots import MAX_BYTES, MAX_HOPS, RobotsFile, RobotsVerdict, product_token
from producers.politeness.throttle import FAILING
from schemas.exchange import ExchangeFailure, ExchangeRequest, ExchangeResponse
from schemas.hosts import UrlError, host_of
from schemas.urls import canonical

_REMEMBERED = 10_000
_TIMEOUT_S = 20.0
_HOSTS_OWN = FAILING | frozenset({"tls_failed", "blocked_address", "malformed_response"})
"""Failures that the page itself would meet as well: its task ends or is tried again as that."""


class RobotsRules:
    """One for a fetcher; bounded. Whoever visits asks what is `known`, and has an origin's file read when it is its
    host's turn: robots.txt is fetched under the same lease and pace as a page."""

    def __init__(self, exchange: Exchange, user_agent: str) -> None:
        self._exchange = exchange
        self._token = product_token(user_agent)
        self._files: OrderedDict[tuple[str, str], RobotsFile] = OrderedDict()

    def known(self, origin: str, proxy: str = "") -> RobotsFile | None:
        """The origin's file as this proxy, or the direct way, gave it, if it need not be read now."""
        found = self._files.get((origin, proxy))
        return None if found is None or found.stale(time.time()) else found

    def verdict(self, file: RobotsFile, url: str, user_agent: str = "") -> RobotsVerdict:
        """Whether a canonical URL may be visited under this name, by default the fetcher's own."""
        return file.verdict(url, product_token(user_agent) if user_agent else self._token)

    async def read(self, origin: str, proxy: str = "") -> RobotsFile:
        """Fetches the file, by the same way as the page that needs it, and remembers what came of it for
        this way alone: a job's own proxy may answer whatever it likes."""
        way = origin, proxy
        file = await self._read(origin, self._files.get(way), proxy)
        self._files[way] = file
        self._files.move_to_end(way)
        while len(self._files) > _REMEMBERED:
            self._files.popitem(last=False)
        return file

    async def _read(self, origin: str, previous: RobotsFile | None, proxy: str) -> RobotsFile:
        url, host = f"{origin}/robots.txt", origin.partition("://")[2]
        for _ in range(MAX_HOPS + 1):
            request = ExchangeRequest(url=url, total_timeout=_TIMEOUT_S, max_body=MAX_BYTES + 1, cut=True, proxy=proxy)
            found = await self._exchange.fetch(request)
            now, own = time.time(), host_of(url) == host
            if not isinstance(found, ExchangeResponse):
                return _unread(found, now, previous, own)
            location = found.header("location") if 300 <= found.status < 400 else None
            if location is None:
                asked = retry_after(found.header("retry-after"), now)
                return RobotsFile.of_response(found.status, found.body, now, previous, own=own, retry_after=asked)
            try:
                url = canonical(location, url)
            except UrlError:
                break
        return RobotsFile.of_response(404, b"", time.time(), previous)


def _unread(found: ExchangeFailure, now: float, previous: RobotsFile | None, own: bool) -> RobotsFile:
    why = f"robots.txt could not be read: {found.reason}"
    return RobotsFile.unreachable(why, now, previous, found.kind if own and found.kind in _HOSTS_OWN else "")
