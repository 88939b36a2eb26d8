"""Records from outside: up to 10,000 a call, which go the way of every record."""

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response

from api.auth.permissions import Permission
from api.edge import integers
from api.edge.bodies import StrictRoute
from api.errors import ApiError, Fault, invalid
from api.gateway import SCHEMES, From, Wired, Writer
from api.services.uploads import Received, from_csv, from_lines, from_list, head_of
from api.shapes.errors import documented
from api.shapes.uploads import LineFault, UploadAccepted

PATH = "/api/v1/records"

router = APIRouter(tags=["results"], dependencies=SCHEMES, route_class=StrictRoute)

_RECORD = {"sku": "LK-10042", "supplier": "Ashdown Joinery", "cost": "£18.90"}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": ["object", "array"]},
                "example": {
                    "dataset": "shop-suppliers",
                    "key": ["sku"],
                    "fields": {"sku": {"required": True}, "cost": "price"},
                    "records": [_RECORD],
                },
            },
            "application/jsonl": {
                "schema": {"type": "string"},
                "example": '{"sku":"LK-10042","cost":"£18.90"}\n{"sku":"LK-10311","cost":"£23.10"}\n',
            },
            "text/csv": {"schema": {"type": "string"}, "example": "sku,cost\nLK-10042,£18.90\nLK-10311,£23.10\n"},
        },
    }
}


_DOCUMENTED = documented(400, 413, 422, permission=Permission.WRITE)
_DOCUMENTED["openapi_extra"] = {**_DOCUMENTED.get("openapi_extra", {}), **_BODY}


@router.post(PATH, status_code=202, summary="Upload records", **_DOCUMENTED)
async def upload(
    request: Request,
    caller: Writer,
    gateway: Wired,
    visit: From,
    response: Response,
    dataset: Annotated[str | None, Query(max_length=100, description="Where they go, unless the body says it.")] = None,
    key: Annotated[str | None, Query(max_length=400, description="Fields that tell records apart: `sku,shop`.")] = None,
    fields: Annotated[
        str | None, Query(max_length=4000, description="Types of fields: `cost:price,added:date`.")
    ] = None,
    memory: Annotated[
        bool | None, Query(description="Mark records as new or changed against your uploads before into this dataset.")
    ] = None,
) -> UploadAccepted:
    """Up to 10,000 records as JSON (a list, or an object with `records`), JSON lines or CSV. A line that is no record
    is named in `errors`, the others are taken: they have a run, are cleaned, watched and stored like those of a page.
    What is answered with 202 is not lost, whatever stops then."""
    given = {"dataset": dataset, "key": key, "fields": fields, "memory": memory}
    said, received = await _read(request, {name: value for name, value in given.items() if value is not None})
    done = await gateway.uploads.take(caller, head_of(said), received, visit)
    links = {"self": f"/api/v1/jobs/{done.job_id}", "records": f"/api/v1/jobs/{done.job_id}/records"}
    response.headers["Location"] = links["self"]
    return UploadAccepted(
        job_id=done.job_id,
        run_id=done.run_id,
        dataset=done.dataset,
        accepted=done.records,
        rejected=received.wrong,
        errors=[LineFault(line=error.line, message=error.message) for error in received.errors],
        links=links,
    )


async def _read(request: Request, said: dict[str, Any]) -> tuple[dict[str, Any], Received]:
    """What is said beside the records, and they; a large body is read beside the event loop."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind in ("application/jsonl", "application/x-ndjson", "application/x-jsonlines"):
        return said, await asyncio.to_thread(from_lines, await request.body())
    if kind == "text/csv":
        return said, await asyncio.to_thread(from_csv, await request.body())
    if kind != "application/json":
        raise invalid("body", "Send application/json, application/jsonl or text/csv.", "INVALID_TYPE")
    body = await _json(request)
    if isinstance(body, dict):
        records = body.get("records")
        said = {name: value for name, value in body.items() if name != "records"} | said
        return said, await asyncio.to_thread(from_list, records)
    return said, await asyncio.to_thread(from_list, body)


async def _json(request: Request) -> Any:
    content = await request.body()
    try:
        value = await asyncio.to_thread(orjson.loads, content)
    except orjson.JSONDecodeError as problem:
        sentence = f"The body is not JSON (near character {problem.pos})."
        raise ApiError(400, "BAD_REQUEST", sentence, [Fault("body", sentence, "MALFORMED_JSON")]) from None
    place = await asyncio.to_thread(integers.beyond, content)
    if place is not None:
        raise invalid(place[:200] or "body", integers.SAID, "TOO_LARGE")
    return value
