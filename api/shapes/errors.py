"""The one error format, and which answers an operation documents."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.auth.permissions import ROLES, Permission

_SENTENCES = {
    400: "The body is not JSON.",
    401: "Nobody is signed in, or the token is no longer valid.",
    403: "The caller's role does not include what this needs.",
    404: "There is no such thing, or it is somebody else's.",
    408: "It takes longer than may be waited for; `details` names the job, which goes on.",
    409: "Not possible in the state that the object is in.",
    412: "It has changed since it was read; read it again.",
    413: "The body is too large.",
    414: "The address is too long.",
    416: "The file has no such bytes.",
    422: "A field is not valid; `details.errors` names every one.",
    429: "Too many requests, or more than the account may have; `Retry-After` says when to come back.",
    503: "A store does not answer just now; `Retry-After` says when to try again.",
}


class FaultBody(BaseModel):
    """One thing that is wrong."""

    field: str = Field(description="Dotted path of the field; empty when it is no field's fault.")
    message: str
    code: str


class DetailsBody(BaseModel):
    """All faults, and the first one's field and reason beside them. Some codes add more."""

    model_config = ConfigDict(extra="allow")

    errors: list[FaultBody]
    field: str
    reason: str


class ErrorDetail(BaseModel):
    """What went wrong, for machines (`code`) and people (`message`)."""

    code: str
    message: str
    details: DetailsBody
    documentation_url: str = Field(description="Where the code is explained, with what to do.")


class MetadataBody(BaseModel):
    """Quote `request_id` when asking about an answer."""

    request_id: str
    timestamp: str
    version: str


class ErrorBody(BaseModel):
    """Every error of every operation looks like this."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "code": "VALIDATION_ERROR",
                        "message": "The request is not valid; `details.errors` names every field.",
                        "details": {
                            "errors": [
                                {
                                    "field": "options.max_pages",
                                    "message": "Input should be greater than or equal to 1",
                                    "code": "TOO_SMALL",
                                }
                            ],
                            "field": "options.max_pages",
                            "reason": "Input should be greater than or equal to 1",
                        },
                        "documentation_url": "/docs/errors#validation-error",
                    },
                    "metadata": {
                        "request_id": "req_5f0c",
                        "timestamp": "2026-01-05T10:30:00.000Z",
                        "version": "v1",
                    },
                }
            ]
        }
    )

    error: ErrorDetail
    metadata: MetadataBody


def documented(*statuses: int, permission: Permission | None = None) -> dict[str, Any]:
    """Arguments of a route: its error answers, and for a guarded one the permission and the roles that have it."""
    codes = sorted({*statuses, *((401, 403, 503) if permission else ())})
    responses: dict[int, dict[str, Any]] = {
        status: {"model": ErrorBody, "description": _SENTENCES[status]} for status in codes
    }
    extra: dict[str, Any] = {"x-permission": "none"}
    if permission:
        extra = {
            "x-permission": permission.value,
            "x-roles": [role for role, held in ROLES.items() if permission in held],
        }
    return {"responses": responses, "openapi_extra": extra}
