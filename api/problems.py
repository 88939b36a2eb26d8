"""How errors look on the wire: one format, whichever door they leave by."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import Scope

from api import codes
from api.edge.versions import enveloped
from api.errors import ApiError, Code, Fault, conflict, unavailable
from schemas.limits import OwnerGone, QuotaSpent
from schemas.moments import rfc3339

_BY_STATUS: dict[int, Code] = {
    401: "AUTHENTICATION_REQUIRED",
    403: "INSUFFICIENT_PERMISSIONS",
    404: "RESOURCE_NOT_FOUND",
    408: "REQUEST_TIMEOUT",
    409: "CONFLICT",
    412: "PRECONDITION_FAILED",
    413: "PAYLOAD_TOO_LARGE",
    422: "VALIDATION_ERROR",
    429: "RATE_LIMIT_EXCEEDED",
    503: "SERVICE_UNAVAILABLE",
}
_SENTENCES = {
    404: "There is nothing at this address; /docs lists what there is.",
    405: "This address does not know this method; /docs lists what it knows.",
    413: "The request's body is too large.",
}
_OWNER_GONE = (
    "The account that this job belongs to was removed, so nothing of it runs any more; make a job of your own."
)
_FAULTS = {
    "missing": "REQUIRED",
    "string_too_short": "MIN_LENGTH",
    "string_too_long": "MAX_LENGTH",
    "too_short": "MIN_LENGTH",
    "too_long": "MAX_LENGTH",
    "extra_forbidden": "UNKNOWN_FIELD",
    "string_pattern_mismatch": "INVALID_FORMAT",
    "invalid_format": "INVALID_FORMAT",
    "literal_error": "NOT_ALLOWED",
    "enum": "NOT_ALLOWED",
    "greater_than_equal": "TOO_SMALL",
    "greater_than": "TOO_SMALL",
    "less_than_equal": "TOO_LARGE",
    "less_than": "TOO_LARGE",
    "value_error": "INVALID",
    "json_invalid": "MALFORMED_JSON",
}


def metadata(scope: Scope) -> dict[str, str]:
    """What every answer with metadata carries: ids and time for whoever asks about it later."""
    moment = rfc3339(datetime.now(UTC))
    version = "v2" if enveloped(scope["path"]) else "v1"
    return {"request_id": scope["state"]["request_id"], "timestamp": moment, "version": version}


def body(error: ApiError, scope: Scope) -> bytes:
    """The error as bytes. `details` always holds all faults, and the first one's field and reason beside them."""
    faults = error.faults or (Fault("", error.message, error.code),)
    details: dict[str, Any] = {
        "errors": [{"field": fault.field, "message": fault.message, "code": fault.code} for fault in faults],
        "field": faults[0].field,
        "reason": faults[0].message,
        **error.details,
    }
    explained = codes.address(error.code, scope["app"].state.config.public_url)
    answer: dict[str, Any] = {
        "error": {"code": error.code, "message": error.message, "details": details, "documentation_url": explained},
        "metadata": metadata(scope),
    }
    return orjson.dumps({"success": False, **answer} if enveloped(scope["path"]) else answer)


def answer(error: ApiError, request: HTTPConnection) -> Response:
    """The error as a response to this request."""
    return Response(body(error, request.scope), error.status_code, dict(error.headers or {}), "application/json")


def install(app: FastAPI, stores_away: Sequence[type[Exception]]) -> None:
    """Everything that can go wrong in `app` is answered in this format; `stores_away` become 503."""

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return answer(error if isinstance(error, ApiError) else _translated(error), request)

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer(_invalid(error), request)

    async def on_store_away(request: Request, error: Exception) -> Response:
        return answer(unavailable("A store does not answer just now; try again shortly."), request)

    async def on_quota(request: Request, error: Exception) -> Response:
        assert isinstance(error, QuotaSpent)
        return answer(quota_spent(error), request)

    app.add_exception_handler(HTTPException, on_http)

    async def on_owner_gone(request: Request, error: Exception) -> Response:
        return answer(conflict("job_id", _OWNER_GONE), request)

    app.add_exception_handler(QuotaSpent, on_quota)
    app.add_exception_handler(OwnerGone, on_owner_gone)
    app.add_exception_handler(RequestValidationError, on_invalid)
    for kind in stores_away:
        app.add_exception_handler(kind, on_store_away)


def quota_spent(error: QuotaSpent) -> ApiError:
    """429: of what the account may have there is nothing left. A run that ends makes room; stored records stay until
    somebody removes them, so nobody is told to come back."""
    sentence = {
        "running_jobs": f"Your account may have {error.limit} runs open, and has {error.used}; wait for one to end.",
        "stored_records": f"Your account may have {error.limit} records stored, and has {error.used}; clean up results "
        "of jobs that are over, or ask an administrator for more.",
    }[error.quota]
    headers = {"Retry-After": "60"} if error.quota == "running_jobs" else {}
    details = {"quota": error.quota, "limit": error.limit, "used": error.used}
    return ApiError(429, "RATE_LIMIT_EXCEEDED", sentence, [Fault("", sentence, "QUOTA_SPENT")], headers, details)


def _translated(error: HTTPException) -> ApiError:
    """The framework's own refusals: no such route, no such method, a body that could not be read."""
    code = _BY_STATUS.get(error.status_code, "BAD_REQUEST")
    message = _SENTENCES.get(error.status_code, "The request could not be read.")
    return ApiError(error.status_code, code, message, headers=error.headers)


def _invalid(error: RequestValidationError) -> ApiError:
    problems = error.errors()
    if problems and problems[0]["type"] == "json_invalid":
        where = problems[0]["loc"][-1]
        sentence = f"The body is not JSON (near character {where})."
        return ApiError(400, "BAD_REQUEST", sentence, [Fault("body", sentence, "MALFORMED_JSON")])
    faults = [_fault(problem) for problem in problems[:100]]
    return ApiError(422, "VALIDATION_ERROR", "The request is not valid; `details.errors` names every field.", faults)


def _fault(problem: dict[str, Any]) -> Fault:
    place = [str(part) for part in problem["loc"] if not str(part).startswith("function-")]
    # What the value was is never repeated: it may be a password.
    if place and place[0] in ("body", "query", "path", "header", "cookie"):
        field, place = ".".join(place[1:]) or place[0], place[1:]
    else:
        field = ".".join(place)
    message = problem["msg"].removeprefix("Value error, ")
    if not place and problem["type"] in ("model_attributes_type", "dict_type", "missing"):
        message = "The body must be a JSON object, sent as Content-Type: application/json."
    return Fault(field[:200], message[:500], _FAULTS.get(problem["type"], "INVALID_TYPE"))
