"""The fetcher's port to the web."""

from typing import Protocol

from schemas.exchange import ExchangeRequest, ExchangeResult


class Exchange(Protocol):
    """Promises one exchange per call: guarded, bounded in time and size, its body whole or not given at all.

    Redirects are responses and are not followed. Trouble with the network or the other side is an ExchangeFailure,
    never an exception; cancelling the call ends the exchange.
    """

    async def fetch(self, request: ExchangeRequest) -> ExchangeResult:
        """Sends what `request` says to its URL; several calls may run at once."""
        ...
