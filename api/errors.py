"""What the gateway raises: everything that ends a request with another answer than the wished one, and what keeps it
from starting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fastapi import HTTPException
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

Code = Literal[
    "BAD_REQUEST",
    "VALIDATION_ERROR",
    "AUTHENTICATION_REQUIRED",
    "INVALID_CREDENTIALS",
    "TOKEN_EXPIRED",
    "INSUFFICIENT_PERMISSIONS",
    "RESOURCE_NOT_FOUND",
    "REQUEST_TIMEOUT",
    "CONFLICT",
    "PRECONDITION_FAILED",
    "PAYLOAD_TOO_LARGE",
    "RATE_LIMIT_EXCEEDED",
    "SERVER_ERROR",
    "SERVICE_UNAVAILABLE",
]
"""The closed list of codes that a client may meet."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (a dotted path, or empty), what to do about it, and a code for machines."""

    field: str
    message: str
    code: str


class ApiError(HTTPException):
    """An answer in the one error format. It is an HTTPException so that the framework lets it through untouched."""

    def __init__(
        self,
        status: int,
        code: Code,
        message: str,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(status, message, dict(headers or {}))
        self.code = code
        self.message = message
        self.faults = tuple(faults)
        self.details = dict(details or {})


class PortTaken(Exception):
    """Somebody else listens where the gateway should; the text says which setting to change."""


def unauthenticated(message: str, code: Code = "AUTHENTICATION_REQUIRED") -> ApiError:
    """401, with the challenge that RFC 6750 asks for."""
    reason = 'error="invalid_token"' if code == "TOKEN_EXPIRED" else 'realm="trawl"'
    return ApiError(
        401, code, message, [Fault("authorization", message, code)], {"WWW-Authenticate": f"Bearer {reason}"}
    )


def forbidden(required: str, held: Sequence[str], *more: str) -> ApiError:
    """403: the role of the caller does not include what the operation needs, nor what `more` it needs."""
    needed = [required, *more]
    message = f"This needs the permission {required}; ask an administrator for a role that has it."
    if more:
        message = f"This needs the permissions {', '.join(needed)}; ask an administrator for a role that has them."
    return ApiError(
        403,
        "INSUFFICIENT_PERMISSIONS",
        message,
        [Fault("authorization", message, "INSUFFICIENT_PERMISSIONS")],
        details={"required_permissions": needed, "user_permissions": list(held)},
    )


def not_found(field: str, message: str) -> ApiError:
    """404, for what is not there and for what belongs to somebody else: the two must look the same."""
    return ApiError(404, "RESOURCE_NOT_FOUND", message, [Fault(field, message, "NOT_FOUND")])


def conflict(field: str, message: str) -> ApiError:
    """409: possible, but not in the state that the object is in."""
    return ApiError(409, "CONFLICT", message, [Fault(field, message, "CONFLICT")])


def invalid(field: str, message: str, code: str = "INVALID") -> ApiError:
    """422 for one field."""
    return ApiError(422, "VALIDATION_ERROR", "The request is not valid.", [Fault(field, message, code)])


def of_body(problem: ValidationError) -> RequestValidationError:
    """422 for a body that was read by hand, as the framework would say it: every wrong field is named."""
    faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in problem.errors(include_url=False)]
    return RequestValidationError(faults)


def unavailable(message: str, seconds: int = 2) -> ApiError:
    """503: come back after so many seconds."""
    return ApiError(
        503, "SERVICE_UNAVAILABLE", message, [Fault("", message, "UNAVAILABLE")], {"Retry-After": str(seconds)}
    )
