"""Reading what may come as JSON or as a form into one model, with the same complaints."""

from typing import TypeVar

import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from api.errors import invalid

M = TypeVar("M", bound=BaseModel)

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def read(request: Request, model: type[M]) -> M:
    """The body as `model`. ApiError 400 or 422 for one that is not."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _FORMS:
        async with request.form(max_files=0, max_fields=50, max_part_size=65_536) as form:
            values = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        if any("\x00" in value for value in (*values, *values.values())):
            raise invalid("body", "A NUL character is not allowed.", "NUL_CHARACTER")
    elif kind == "application/json":
        try:
            values = await request.json()
        except orjson.JSONDecodeError as problem:
            raise RequestValidationError([{"type": "json_invalid", "loc": ("body", problem.pos), "msg": ""}]) from None
    else:
        raise invalid("body", "Send application/json or application/x-www-form-urlencoded.", "INVALID_TYPE")
    try:
        return model.model_validate(values)
    except ValidationError as problem:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in problem.errors(include_url=False)]
        raise RequestValidationError(faults) from None
