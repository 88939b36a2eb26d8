"""Reads robots.txt of the hosts that this fetcher visits, and remembers it for as long as RFC 9309 allows."""

import time
from collections import OrderedDict

from producers.fetch.exchange import Exchange
from producers.politeness.robots import MAX_BYTES, MAX_HOPS, RobotsFile, RobotsVerdict, product_token
from schemas.exchange import ExchangeRequest, ExchangeResponse
from schemas.urls import UrlError, canonical, origin_of

_REMEMBERED = 10_000
_TIMEOUT_S = 20.0


class RobotsRules:
    """One for a fetcher; bounded. A file is fetched when it is first needed, and again when it has grown old."""

    def __init__(self, exchange: Exchange, user_agent: str) -> None:
        self._exchange = exchange
        self._user_agent = user_agent
        self._files: OrderedDict[str, RobotsFile] = OrderedDict()

    async def verdict(self, url: str, user_agent: str = "") -> RobotsVerdict:
        """Whether a canonical URL may be visited under this name; fetches the origin's file where necessary."""
        origin = origin_of(url)
        known, now = self._files.get(origin), time.time()
        if known is None or known.stale(now):
            known = self._files[origin] = await self._read(origin, known)
        self._files.move_to_end(origin)
        while len(self._files) > _REMEMBERED:
            self._files.popitem(last=False)
        return known.verdict(url, product_token(user_agent or self._user_agent))

    async def _read(self, origin: str, previous: RobotsFile | None) -> RobotsFile:
        url = f"{origin}/robots.txt"
        for _ in range(MAX_HOPS + 1):
            request = ExchangeRequest(url=url, total_timeout=_TIMEOUT_S, max_body=MAX_BYTES + 1, cut=True)
            found = await self._exchange.fetch(request)
            if not isinstance(found, ExchangeResponse):
                return RobotsFile.unreachable(f"robots.txt could not be read: {found.reason}", time.time(), previous)
            location = found.header("location") if 300 <= found.status < 400 else None
            if location is None:
                return RobotsFile.of_response(found.status, found.body, time.time(), previous)
            try:
                url = canonical(location, url)
            except UrlError:
                break
        return RobotsFile.of_response(404, b"", time.time(), previous)
