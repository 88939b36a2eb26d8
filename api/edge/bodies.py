"""Reading a request's body: JSON as strict as the stores behind it, so that nothing fails later than here."""

import re
from collections.abc import Callable, Collection, Coroutine
from functools import partial
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.edge import integers
from api.edge.envelopes import opened, own_fields
from api.edge.idempotency import kept
from api.edge.versions import enveloped
from api.edge.walking import dotted, walked
from api.errors import ApiError, Fault, invalid

MOST_CONTAINERS = 100_000
"""Objects and lists of one body, or of one line of an upload: each takes thirty times its room in memory."""
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


class StrictRequest(Request):
    """A request whose JSON has no lone surrogates, infinities or NaN (orjson refuses them), no NUL characters (which
    PostgreSQL cannot hold), no whole numbers beyond 64 bits (which would come back as others) and no depth that would
    exhaust anyone's stack. Of a body in v2's frame only its `data` is looked at, and named as if it had come bare."""

    own: Collection[str] = ()
    """The names of the operation's own fields."""

    async def json(self) -> Any:
        """The body as data. ApiError 422, or orjson's error for what is not JSON."""
        if not hasattr(self, "_json"):
            look = partial(opened, own=self.own) if enveloped(self.scope["path"]) else integers.whole
            self._json = _parsed(await self.body(), self.scope["app"].state.config.max_json_depth, look)
        return self._json


class StrictRoute(APIRoute):
    """A route that reads its body strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, given a strict request."""
        handle, own = kept(super().get_route_handler()), own_fields(self)

        async def strictly(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            strict.own = own
            try:
                return await handle(strict)
            except (OverflowError, RecursionError):
                # A number or a depth that no library behind the models expects, such as a{99999999999999999999} in a
                # regular expression: it is the input's fault, whoever noticed.
                raise invalid("body", "A value in it is too large or nested too deep.", "TOO_LARGE") from None

        return strictly


def crowd(content: bytes) -> Fault | None:
    """Too many objects and lists, seen before any of them is made."""
    if _containers(content) <= MOST_CONTAINERS or _containers(_STRING.sub(b"", content)) <= MOST_CONTAINERS:
        return None
    return Fault("", f"It has more than {MOST_CONTAINERS} objects and lists; send it in several parts.", "TOO_MANY")


def _containers(content: bytes) -> int:
    return content.count(b"{") + content.count(b"[")


def _parsed(content: bytes, depth: int, look: Callable[[Any], Any]) -> Any:
    fault = crowd(content)
    value = None if fault else look(orjson.loads(content))
    fault = fault or fault_of(value, depth) or _too_large(content, look)
    if fault:
        raise ApiError(422, "VALIDATION_ERROR", "The request is not valid.", [fault])
    return value


def _too_large(content: bytes, look: Callable[[Any], Any]) -> Fault | None:
    place = integers.beyond(content, look)
    return None if place is None else Fault(place, integers.SAID, "TOO_LARGE")


def fault_of(root: Any, depth: int) -> Fault | None:
    """The first NUL character or too deep a branch."""
    names: list[str] = []
    for value in walked(root, names, str):
        if isinstance(value, str):
            if "\x00" in value:
                return Fault(dotted(names), "A NUL character is not allowed.", "NUL_CHARACTER")
            continue
        if isinstance(value, dict | list) and len(names) >= depth:
            return Fault(dotted(names), f"Nested deeper than {depth} levels.", "TOO_DEEP")
        if isinstance(value, dict) and any("\x00" in name for name in value):
            return Fault(dotted(names), "A NUL character is not allowed in a name.", "NUL_CHARACTER")
    return None
