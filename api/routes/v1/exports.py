"""Exports: files of a job's runs. What is fixed in a path stands before what is a name; `metadata` and `convert` are no
names of files, which all have an ending.

Whoever may read a job may download its files; to ask for further ones needs `export_data`. What a job's own description
asks for (`export_formats`) belongs to the job and is made for whoever may make jobs.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.edge.ranges import Span, span_of
from api.errors import ApiError, Fault
from api.gateway import SCHEMES, Exporter, From, Reader, Wired, Writer
from api.routes.v1.jobs import JobId
from api.shapes.errors import documented
from api.shapes.exports import (
    ConvertAsked,
    ExportBody,
    ExportList,
    ExportMetadata,
    ExportsRemoved,
    disposition,
    export_body,
    metadata,
)
from schemas.exports import Export

PREFIX = "/api/v1/exports"

router = APIRouter(prefix=PREFIX, tags=["exports"], dependencies=SCHEMES, route_class=StrictRoute)

_TEXTS = {
    "text/markdown": "# The docs\n",
    "text/html": "<!DOCTYPE html>\n",
    "text/csv": "record_id,record_key,page_url,fetched_at,title,other_fields\r\n",
    "application/x-ndjson": '{"id":"7d0a8f53-2b1e-4d0c-8a4c-0a5a1f6b2c22","key":"https://docs.example/","data":{}}\n',
    "application/xml": '<?xml version="1.0" encoding="UTF-8"?>\n<export>\n</export>\n',
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "PK…",
    "application/epub+zip": "PK…",
    "application/zip": "PK…",
    "application/gzip": "\x1f…",
}
_FILE: dict[str, Any] = {
    "content": {kind: {"schema": {"type": "string"}, "example": text} for kind, text in _TEXTS.items()}
    | {"application/json": {"schema": {"type": "object"}, "example": {"name": "The docs", "records": []}}}
}
_DOWNLOAD = documented(404, 412, 416, permission=Permission.READ)
_DOWNLOAD["responses"] |= {
    200: _FILE | {"description": "The file; its type is that of its format."},
    206: _FILE | {"description": "The part that `Range` asked for."},
    304: {"description": "`If-None-Match` names the file as it is."},
}
_CONVERT = documented(400, 404, 409, 413, 422, permission=Permission.EXPORT)
_CONVERT["responses"][202] = {"model": ExportBody, "description": "It is being made; ask for it by its id."}
Filename = Annotated[str, Path(max_length=200, description="As the list of the job's exports has it.")]


@router.get(
    "/conversions/{conversion_id}", summary="How a conversion is", **documented(404, permission=Permission.READ)
)
async def conversion(conversion_id: Annotated[str, Path(max_length=100)], caller: Reader, gateway: Wired) -> ExportBody:
    """One that was asked for: `completed` as soon as its file is whole."""
    return export_body(await gateway.exports.conversion(caller, conversion_id))


@router.get("/{job_id}/metadata", summary="Metadata of a job's exports", **documented(404, permission=Permission.READ))
async def describe(job_id: JobId, caller: Reader, gateway: Wired) -> ExportMetadata:
    """How many files, how large, in which formats, and each with its digest."""
    return metadata(job_id, await gateway.exports.of_job(caller, job_id))


@router.post("/{job_id}/convert", summary="Export a run", **_CONVERT)
async def convert(
    job_id: JobId, body: ConvertAsked, caller: Exporter, gateway: Wired, visit: From, response: Response
) -> ExportBody:
    """200 with the file's address when it is ready within two seconds, else 202 with a status and the same id. The
    same file is made once: the same run, format, variant, records and compression. One with a password is always a new
    one."""
    found = await gateway.exports.convert(caller, job_id, body, visit)
    if found.state == "completed":
        response.headers["Location"] = found.path
    else:
        response.status_code = 202
        response.headers["Location"] = f"{PREFIX}/conversions/{found.id}"
        response.headers["Retry-After"] = "1"
    return export_body(found)


@router.get("/{job_id}", summary="List a job's exports", **documented(404, permission=Permission.READ))
async def exports(job_id: JobId, caller: Reader, gateway: Wired) -> ExportList:
    """The newest first, also those that are being made."""
    return ExportList(exports=[export_body(one) for one in await gateway.exports.of_job(caller, job_id)])


@router.delete("/{job_id}", summary="Delete a job's exports", **documented(404, permission=Permission.WRITE))
async def remove(job_id: JobId, caller: Writer, gateway: Wired, visit: From) -> ExportsRemoved:
    """All of them, and what is being made; the records stay."""
    return ExportsRemoved(job_id=job_id, deleted=await gateway.exports.remove(caller, job_id, visit))


@router.get("/{job_id}/{filename}", summary="Download an export", response_class=Response, **_DOWNLOAD)
async def download(
    job_id: JobId, filename: Filename, caller: Reader, gateway: Wired, visit: From, request: Request
) -> Response:
    """The file, or the part of it that `Range` asks for; `ETag` is its SHA-256."""
    found = await gateway.exports.named(caller, job_id, filename)
    span = _span(request, found)
    if span.status == 304:
        return Response(status_code=304, headers=_headers(found))
    await gateway.exports.downloaded(caller, found, span.begin, span.end, visit)
    body, first = gateway.ports.export_files.read(found.blob, span.begin, span.end), b""
    try:
        first = await anext(body, b"")  # what the store cannot give is told while there is a status to tell it by
    except FileNotFoundError:
        raise _missing() from None
    headers = _headers(found) | _measures(found, span)
    closing = BackgroundTask(body.aclose) if hasattr(body, "aclose") else None
    return StreamingResponse(_from(first, body), span.status, headers, media_type=found.media_type, background=closing)


@router.head("/{job_id}/{filename}", include_in_schema=False)
async def look(job_id: JobId, filename: Filename, caller: Reader, gateway: Wired, request: Request) -> Response:
    """What a download would say, without it."""
    found = await gateway.exports.named(caller, job_id, filename)
    span = _span(request, found)
    answer = Response(status_code=span.status, headers=_headers(found), media_type=found.media_type)
    if span.status != 304:
        answer.headers.update(_measures(found, span))
    return answer


def _span(request: Request, export: Export) -> Span:
    span = span_of(request.headers, _etag(export), export.bytes)
    if span.status == 412:
        message = "The file is another one than If-Match names; ask for its ETag again."
        raise ApiError(412, "PRECONDITION_FAILED", message, [Fault("if-match", message, "PRECONDITION_FAILED")])
    if span.status == 416:
        message = f"The file has {export.bytes} bytes, and none of them is in this range."
        size = {"Content-Range": f"bytes */{export.bytes}"}
        raise ApiError(416, "BAD_REQUEST", message, [Fault("range", message, "OUT_OF_RANGE")], size)
    return span


def _etag(export: Export) -> str:
    return f'"{export.sha256}"'


def _headers(export: Export) -> dict[str, str]:
    return {
        "ETag": _etag(export),
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition(export),
    }


def _measures(export: Export, span: Span) -> dict[str, str]:
    length = {"Content-Length": str(span.end - span.begin)}
    if span.status == 206:
        length["Content-Range"] = f"bytes {span.begin}-{span.end - 1}/{export.bytes}"
    return length


def _missing() -> ApiError:
    message = "The file is gone from the store; ask for it again."
    return ApiError(404, "RESOURCE_NOT_FOUND", message, [Fault("filename", message, "NOT_FOUND")])


async def _from(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for piece in rest:
        yield piece
