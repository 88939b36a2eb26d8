"""The categories of operations, what each allows, and which operation is in which: one table, as with permissions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

WINDOW = 60
"""Seconds after which a token that was taken is back."""


class Category(StrEnum):
    """What kind of operation it is, for its limit."""

    AUTHENTICATION = "authentication"
    RETRIEVAL = "data_retrieval"
    SEARCH = "data_search"
    UPLOAD = "data_upload"
    ANALYTICS = "analytics"
    ADMIN = "system_admin"
    JOBS = "jobs"


@dataclass(frozen=True, slots=True)
class Rate:
    """`limit` requests a minute, no more than `burst` of them in a second; whoever asks for more than the minute has is
    blocked for `block` seconds (0: until a token is back)."""

    limit: int
    burst: int
    block: int


DEFAULTS: Mapping[Category, Rate] = {
    Category.AUTHENTICATION: Rate(10, 2, 900),
    Category.RETRIEVAL: Rate(100, 10, 300),
    Category.SEARCH: Rate(50, 5, 300),
    Category.UPLOAD: Rate(5, 1, 600),
    Category.ANALYTICS: Rate(30, 5, 300),
    Category.ADMIN: Rate(20, 3, 600),
    Category.JOBS: Rate(60, 10, 0),
}
"""The users' table; jobs and everything that it does not name have 60 a minute and no block."""


def rates(changes: Mapping[str, Mapping[str, int]]) -> dict[Category, Rate]:
    """The defaults with an operator's changes: `{"jobs": {"limit": 600}}`; what stands under `*` is for every category
    that does not say otherwise. ValueError says which name or number is wrong."""
    known = {*Category, "*"}
    for name, change in changes.items():
        if name not in known:
            raise ValueError(f"there is no category {name!r}; there are {', '.join(sorted(known))}")
        for part, number in change.items():
            if part not in ("limit", "burst", "block"):
                raise ValueError(f"{name} has no {part!r}; it has limit, burst and block")
            if not 0 <= number <= 1_000_000_000 or (number == 0 and part != "block"):
                raise ValueError(f"{name}.{part} must be a number from {0 if part == 'block' else 1} on")
    return {
        category: replace(rate, **{**changes.get("*", {}), **changes.get(category, {})})
        for category, rate in DEFAULTS.items()
    }


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operation stands: its category (None: it is not limited), and whether it is a door, at which everybody
    is a stranger: what comes there is counted against its address, whatever it shows beside the password."""

    category: Category | None
    door: bool = False


_API = r"(?:/api(?:/v[12])?)?"
_READS = frozenset({"GET", "HEAD"})
_OPEN = re.compile(
    rf"{_API}/(?:health|system/health)/?$|(?:/api)?/(?:docs|redoc|openapi\.json)(?:/|$)|/(?:look|static|\.well-known)/|/bot$"
).match
_DOOR = re.compile(
    rf"/(?:sign-in|reset-password)(?:/|$)|{_API}/(?:auth|oauth2?|oidc)/(?:.*/)?"
    r"(?:login|token|refresh|register|callback|authorize|forgot[-_]password|password[-/_](?:forgot|reset).*)/?$"
).match
_OWN_ACCOUNT = re.compile(rf"{_API}/auth/(?:me|keys|sessions|identities|quota|credentials)(?:/|$)").match
_AUTHENTICATION = re.compile(
    rf"{_API}/(?:auth|oauth2?|oidc)(?:/|$)|{_API}/users/[^/]+/(?:password|reset-password|mfa)(?:/|$)"
).match
_SEARCH = re.compile(r".*/search(?:/|$)").match
_UPLOAD = re.compile(rf"{_API}/(?:records|data(?:/import)?)/?$").match
_ANALYTICS = re.compile(rf"{_API}/(?:analytics|trends|stats|ml)(?:/|$)|.*/trends/?$").match
_ADMIN = re.compile(
    rf"{_API}/(?:users|roles|system|dead-letters|audit|security|admin|quotas|service-accounts|request-logs)(?:/|$)"
).match
_RETRIEVAL = re.compile(
    rf"{_API}/(?:data|datasets|records|books|categories|exports|credentials)(?:/|$)"
    rf"|{_API}/jobs/[^/]+/(?:records|urls|results?|exports?|changes)(?:/|$)"
).match


def place_of(method: str, path: str) -> Place:
    """The place of a request, whether anything answers there or not."""
    reads = method in _READS
    if _OPEN(path) and reads:
        return _NOWHERE
    if _DOOR(path):
        return _AT_THE_DOOR
    if _OWN_ACCOUNT(path) and reads:
        return _PLACES[Category.RETRIEVAL]
    for category, matches in _RULES:
        if matches(path):
            return _PLACES[category]
    if _UPLOAD(path) and method == "POST":
        return _PLACES[Category.UPLOAD]
    if _RETRIEVAL(path) and reads:
        return _PLACES[Category.RETRIEVAL]
    return _PLACES[Category.JOBS]


_NOWHERE = Place(None)
_AT_THE_DOOR = Place(Category.AUTHENTICATION, door=True)
_PLACES = {category: Place(category) for category in Category}
_RULES = (
    (Category.AUTHENTICATION, _AUTHENTICATION),
    (Category.SEARCH, _SEARCH),
    (Category.ANALYTICS, _ANALYTICS),
    (Category.ADMIN, _ADMIN),
)


def shown(document: dict[str, Any], table: Mapping[Category, Rate]) -> None:
    """Writes each operation's limit into the OpenAPI document, and the answer that whoever passes it gets."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            category = place_of(method.upper(), path).category
            operation["x-rate-limit"] = "none"
            if category is None:
                continue
            rate = table[category]
            operation["x-rate-limit"] = {
                "category": category.value, "limit": rate.limit, "window": WINDOW, "burst": rate.burst,
                "block": rate.block,
            }  # fmt: skip
            operation["responses"].setdefault("429", _TOO_MANY)
            operation["responses"].setdefault("503", _AWAY)


_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
_TOO_MANY = {
    "description": "Too many requests, or more than the account may have; `Retry-After` says when to come back.",
    "content": _ERROR,
}
_AWAY = {
    "description": "Too much at once, or a store is away; `Retry-After` says when to try again.",
    "content": _ERROR,
}
