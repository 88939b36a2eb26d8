"""Reading what may come as JSON or as a form into one model, with the same complaints."""

import codecs
from typing import TypeVar

import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from python_multipart.multipart import parse_options_header

from api.errors import invalid, of_body

M = TypeVar("M", bound=BaseModel)

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def read(request: Request, model: type[M]) -> M:
    """The body as `model`. ApiError 400 or 422 for one that is not."""
    said = request.headers.get("content-type", "")
    kind = said.partition(";")[0].strip().lower()
    if kind in _FORMS:
        values = dict(await _sent(request, said))
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
        raise of_body(problem) from None


async def fields(request: Request) -> list[tuple[str, str]]:
    """The fields of a form in their order, a repeated one as often as it was sent. ApiError 422 for what is no form."""
    said = request.headers.get("content-type", "")
    if said.partition(";")[0].strip().lower() != _FORMS[0]:
        raise invalid("body", "Send application/x-www-form-urlencoded.", "INVALID_TYPE")
    return await _sent(request, said)


async def _sent(request: Request, content_type: str) -> list[tuple[str, str]]:
    if not _is_utf8(content_type):
        raise invalid("body", "Send the form in UTF-8.", "INVALID_ENCODING")
    async with request.form(max_files=0, max_fields=50, max_part_size=65_536) as form:
        values = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    if any("\x00" in text for pair in values for text in pair):
        raise invalid("body", "A NUL character is not allowed.", "NUL_CHARACTER")
    return values


def _is_utf8(content_type: str) -> bool:
    """Whether a form's parser will read UTF-8. It takes any codec of Python's from the header, and some of them raise
    what nobody expects or turn names into others: so it is asked with the parser's own eyes before it begins."""
    charset = parse_options_header(content_type)[1].get(b"charset", b"utf-8").decode("latin-1")
    try:
        return codecs.lookup(charset).name == "utf-8"
    except (LookupError, ValueError):
        return False
