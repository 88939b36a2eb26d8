"""Bodies as v2's callers may frame them: bare, or as `data` with `metadata` beside it."""

from collections.abc import Collection
from typing import Any, get_args

from fastapi.routing import APIRoute
from pydantic import BaseModel

_PARTS = frozenset({"data", "metadata"})


def opened(body: Any, own: Collection[str]) -> Any:
    """What is asked for: the `data` of a framed body, any other body itself. `own` are the names of the operation's own
    fields: where `data` is one of them, nobody could tell its frame from it, and it has none."""
    if "data" in own or not isinstance(body, dict) or not body.keys() <= _PARTS:
        return body
    return body["data"] if isinstance(body.get("data"), dict) else body


def own_fields(route: APIRoute) -> frozenset[str]:
    """The names of the fields of a route's body: of the one that the framework reads, or of the one that the route
    documents and reads by itself."""
    if route.body_field is not None:
        return frozenset(_of_type(route.body_field.field_info.annotation))
    kinds = (route.openapi_extra or {}).get("requestBody", {}).get("content", {})
    return frozenset(name for kind in kinds.values() for name in kind["schema"].get("properties", ()))


def _of_type(annotation: Any) -> set[str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {field.alias or name for name, field in annotation.model_fields.items()}
    return {name for option in get_args(annotation) for name in _of_type(option)}
