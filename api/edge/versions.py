"""Which version of the interface a request is for: its path says so; where that says nothing, a header may."""

import re

from starlette.datastructures import Headers
from starlette.types import Scope

from api.errors import ApiError, Fault

VERSIONS = ("v1", "v2")
HEADER = "API-Version"

# What has no versions stands under `/api` as it is: the documentation, and the one socket for many channels.
_ALONE = r"(?:docs|redoc|openapi\.json|ws)$"
_OPEN = re.compile(rf"/api/(?!v\d+(?:/|$)|{_ALONE})").match
_ENVELOPED = re.compile(rf"/auth/|/api/(?!v1(?:/|$)|{_ALONE})").match


def enveloped(path: str) -> bool:
    """Whether an address is v2's, whose bodies are in a frame, whether anything is there or not."""
    return _ENVELOPED(path) is not None


def choose(scope: Scope) -> ApiError | None:
    """Leads an address under `/api` without a version to the one that the header names; without it such an address is
    v2's own, and where the path names a version the path wins. What a 400 is to say of a version that is none."""
    said = Headers(scope=scope).get(HEADER)
    if said is None:
        return None
    if said not in VERSIONS:
        sentence = f"There is no such version of the interface; there are {' and '.join(VERSIONS)}."
        return ApiError(400, "BAD_REQUEST", sentence, [Fault(HEADER, sentence, "UNKNOWN_VERSION")])
    if said == "v1" and _OPEN(scope["path"]):
        scope["path"] = "/api/v1" + scope["path"].removeprefix("/api")
    return None
