"""Reading a request's body: JSON as strict as the stores behind it, so that nothing fails later than here."""

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.edge import integers
from api.edge.idempotency import kept
from api.errors import ApiError, Fault, invalid


class StrictRequest(Request):
    """A request whose JSON has no lone surrogates, infinities or NaN (orjson refuses them), no NUL characters (which
    PostgreSQL cannot hold), no whole numbers beyond 64 bits (which would come back as others) and no depth that would
    exhaust anyone's stack."""

    async def json(self) -> Any:
        """The body as data. ApiError 422, or orjson's error for what is not JSON."""
        if not hasattr(self, "_json"):
            self._json = _parsed(await self.body(), self.scope["app"].state.config.max_json_depth)
        return self._json


class StrictRoute(APIRoute):
    """A route that reads its body strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, given a strict request."""
        handle = kept(super().get_route_handler())

        async def strictly(request: Request) -> Response:
            try:
                return await handle(StrictRequest(request.scope, request.receive))
            except (OverflowError, RecursionError):
                # A number or a depth that no library behind the models expects, such as a{99999999999999999999} in a
                # regular expression: it is the input's fault, whoever noticed.
                raise invalid("body", "A value in it is too large or nested too deep.", "TOO_LARGE") from None

        return strictly


def _parsed(content: bytes, depth: int) -> Any:
    value = orjson.loads(content)
    fault = fault_of(value, depth) or _too_large(content)
    if fault:
        raise ApiError(422, "VALIDATION_ERROR", "The request is not valid.", [fault])
    return value


def _too_large(content: bytes) -> Fault | None:
    place = integers.beyond(content)
    return None if place is None else Fault(place[:200], integers.SAID, "TOO_LARGE")


def fault_of(root: Any, depth: int) -> Fault | None:
    """The first NUL character or too deep a branch; walks with a list of its own instead of the call stack."""
    waiting: list[tuple[Any, str, int]] = [(root, "", 1)]
    while waiting:
        value, place, level = waiting.pop()
        if isinstance(value, str):
            if "\x00" in value:
                return Fault(place[:200], "A NUL character is not allowed.", "NUL_CHARACTER")
        elif isinstance(value, dict | list):
            if level > depth:
                return Fault(place[:200], f"Nested deeper than {depth} levels.", "TOO_DEEP")
            children = value.items() if isinstance(value, dict) else enumerate(value)
            for name, child in children:
                if isinstance(name, str) and "\x00" in name:
                    return Fault(place[:200], "A NUL character is not allowed in a name.", "NUL_CHARACTER")
                if isinstance(child, str | dict | list):
                    waiting.append((child, f"{place}.{name}" if place else str(name), level + 1))
    return None
