"""Which way a visit takes: through the browser if the job wants its pages rendered, else the plain exchange."""

from producers.fetch.exchange import Exchange
from schemas.exchange import ExchangeRequest, ExchangeResult


class ChosenExchange:
    """Both ways as one port. robots.txt, sitemaps and feeds are never rendered: their requests do not ask for it."""

    def __init__(self, plain: Exchange, browser: Exchange) -> None:
        self._plain = plain
        self._browser = browser

    async def fetch(self, request: ExchangeRequest) -> ExchangeResult:
        """As the port promises."""
        return await (self._plain if request.render is None else self._browser).fetch(request)
