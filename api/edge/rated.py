"""Before anything is understood: is this one request too many?"""

from collections.abc import Sequence

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.edge.addresses import counted
from api.errors import ApiError, Fault, unavailable
from api.gateway import Gateway, caller_of
from api.limits.categories import WINDOW, Category, Place, place_of
from api.limits.limiter import Standing

_CREDENTIALS = frozenset({b"authorization", b"x-api-key", b"cookie"})


class Rated:
    """Takes a token for every request and every socket that is asked for, whatever answers it or does not. It stands
    outside of the routes, so that no route can forget it, and inside of `Edge`, which writes the headers on whatever is
    answered: also on what a handler that failed could not say."""

    def __init__(self, app: ASGIApp, gateway: Gateway, stores_away: Sequence[type[Exception]]) -> None:
        self._app = app
        self._gateway = gateway
        self._stores_away = tuple(stores_away)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        place = place_of(scope.get("method", "GET"), scope["path"])
        if place.category is None:
            return await self._app(scope, receive, send)
        try:
            standing = await self._gateway.limiter.take(await self._owner(scope, place), place.category)
            refusal = too_many(standing) if standing.refused else None
        except ApiError as full:
            standing, refusal = self._gateway.limiter.unknown(place.category), full
        except self._stores_away:
            # Without the store nobody counts the guesses at a password; every other operation asks the store who is
            # calling, and says itself that it is away.
            standing = self._gateway.limiter.unknown(place.category)
            refusal = unavailable("A store does not answer just now; try again shortly.")
            if place.category is not Category.AUTHENTICATION:
                refusal = None
        scope["state"]["rate"] = standing.headers()
        if refusal:
            return await problems.answer(refusal, HTTPConnection(scope))(scope, receive, send)
        await self._app(scope, receive, send)

    async def _owner(self, scope: Scope, place: Place) -> str:
        """Who is counted: the account, else the address."""
        client = scope.get("client")
        address = f"a:{counted(client[0] if client else '')}"
        if place.door or not any(name in _CREDENTIALS for name, _ in scope["headers"]):
            return address
        try:
            caller = await caller_of(self._gateway, HTTPConnection(scope))
        except ApiError:
            return address
        return f"u:{caller.user_id}" if caller else address


def too_many(standing: Standing) -> ApiError:
    """429, in the users' words: `limit` requests in `window` seconds, and when to come back."""
    at_once = standing.taken.refused == "burst"
    limit, window = (standing.rate.burst, 1) if at_once else (standing.rate.limit, WINDOW)
    seconds = standing.retry_after
    sentence = f"Rate limit exceeded: {limit} requests in {window} s; come back in {seconds} s."
    return ApiError(
        429,
        "RATE_LIMIT_EXCEEDED",
        sentence,
        [Fault("", sentence, "TOO_MANY_REQUESTS")],
        {"Retry-After": str(seconds)},
        {"limit": limit, "window": window, "retry_after": seconds},
    )
