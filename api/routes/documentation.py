"""The API's documentation: the OpenAPI document and the pages that show it, open to everyone, at two addresses each."""

from collections.abc import Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from pydantic import BaseModel

from api import codes
from api.config import VERSION
from api.edge.idempotency import HEADER
from api.errors import not_found
from api.limits import categories
from api.shapes import errors

router = APIRouter(include_in_schema=False)

_ABOUT = """
Trawl scrapes sites and streams what it finds: `POST /api/v1/scrape` begins, `GET /api/v1/jobs/{id}` tells how it goes,
`/records`, `/urls` and `/trends` what came of it.

**Signing in.** `POST /api/v1/auth/login` gives an access token for half an hour and a refresh token; send
`Authorization: Bearer <token>`. Programs may use an API key instead (`X-API-Key`, or as a bearer token).
Each operation names the permission that it needs (`x-permission`) and the roles that have it (`x-roles`).

**Live.** `WS /api/v1/jobs/{id}/stream` tells a job's newest run as frames `{"type", "data"}`: progress, log, status,
record, trend, complete, error. `WS /api/v1/stream?channel=records|marks|trends|runs|outcomes` tells of everything you
may see. Show who you are by header at the upgrade, or with a first frame `{"type": "auth", "data": {"token": "…"}}`
within five seconds.

**Lists** are read piece by piece: give `next_cursor` as `cursor`. **Errors** all look alike: `error.code` is for
machines, `error.details.errors` names every field, `error.documentation_url` leads to what the code means.

**Version 2** (`/auth`, `/api/v2`, and `/api` without a version) answers in a frame, and takes each JSON body bare, as
it is shown here, or in a frame too: `{"data": {…}, "metadata": {…}}`. `metadata` of a request is not read.
"""
_TAGS = [
    {"name": "scraping", "description": "Asking for a crawl."},
    {"name": "jobs", "description": "How jobs are, running them again, ending them."},
    {"name": "results", "description": "Records, URLs with their fate, trends."},
    {"name": "accounts", "description": "Signing in and out, API keys. `/auth` answers in the v2 frame."},
    {"name": "oauth", "description": "Programs that act for people, or for themselves: OAuth2."},
    {"name": "audit", "description": "What was done, by whom: searched, exported, and how far it is sealed."},
    {"name": "books", "description": "A ready-made job, its catalogue, and models over it."},
    {"name": "system", "description": "The system's own state."},
]
_OWN = "/docs/files"
_MARK = "/look/mark.svg"
_FILES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "redoc.standalone.js": "text/javascript",
}
# Swagger UI and ReDoc style and start themselves from within the page.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'{more}; style-src 'self' 'unsafe-inline'{more}; "
    "img-src 'self' data:{more}; font-src 'self' data:{more}; connect-src 'self'; worker-src blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_ERROR = {"$ref": "#/components/schemas/ErrorBody"}


def _folder() -> Path | None:
    """Where the packaged Swagger UI and ReDoc are, found without importing the package."""
    spec = find_spec("fastapi_offline")
    return Path(spec.origin).parent / "static" if spec and spec.origin else None


def _shown(page: HTMLResponse) -> HTMLResponse:
    page.headers["Content-Security-Policy"] = _POLICY.format(more="" if _folder() else " https:")
    return page


@router.get("/docs")
@router.get("/api/docs")
async def swagger() -> HTMLResponse:
    """Every operation, to try out."""
    own: dict[str, Any] = {
        "swagger_js_url": f"{_OWN}/swagger-ui-bundle.js",
        "swagger_css_url": f"{_OWN}/swagger-ui.css",
    }
    page = partial(get_swagger_ui_html, openapi_url="/openapi.json", title="Trawl API", swagger_favicon_url=_MARK)
    return _shown(page(**own) if _folder() else page())


@router.get("/redoc")
@router.get("/api/redoc")
async def redoc() -> HTMLResponse:
    """Every operation, to read."""
    page = partial(get_redoc_html, openapi_url="/openapi.json", title="Trawl API", redoc_favicon_url=_MARK)
    own: dict[str, Any] = {"redoc_js_url": f"{_OWN}/redoc.standalone.js"} if _folder() else {}
    return _shown(page(with_google_fonts=False, **own))


@router.get("/docs/files/{name}")
async def file(name: str) -> Response:
    """What those pages are made of."""
    folder = _folder()
    if folder is None or name not in _FILES:
        raise not_found("name", "There is no such file.")
    return FileResponse(folder / name, media_type=_FILES[name], headers={"Cache-Control": "max-age=3600"})


@router.get(codes.PAGE)
async def explained(request: Request) -> HTMLResponse:
    """The closed list of codes that an error may have, each at a place of its own, with what to do."""
    page: HTMLResponse = request.app.state.pages.page(
        "errors", title="Errors", meanings=codes.MEANINGS, anchor=codes.anchor
    )
    return page


@router.get("/openapi.json")
@router.get("/api/openapi.json")
async def openapi(request: Request) -> JSONResponse:
    """The document."""
    return JSONResponse(request.app.openapi())


@router.get("/.well-known/jwks.json")
async def jwks(request: Request) -> JSONResponse:
    """The public keys with which tokens can be checked elsewhere (RFC 7517)."""
    return JSONResponse(request.app.state.gateway.tokens.jwks(), headers={"Cache-Control": "max-age=300"})


def describe(app: FastAPI, routes: Sequence[Any]) -> dict[str, Any]:
    """The OpenAPI document. The framework's own shape of a 422 is left out: ours is another."""
    document = get_openapi(title="Trawl", version=VERSION, description=_ABOUT, routes=routes, tags=_TAGS)
    for operations in document["paths"].values():
        for method, operation in operations.items():
            if method == "post" and operation.get("x-permission", "none") != "none":
                _add_key(operation)
            found = operation["responses"].get("422", {})
            if "HTTPValidationError" in str(found.get("content", "")):
                del operation["responses"]["422"]
            _add_refusals(operation)
    categories.shown(document, app.state.config.rates)
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for name, model in _models():
        if name in schemas and model.model_config.get("json_schema_extra"):
            schemas[name].update(model.model_config["json_schema_extra"])  # the framework leaves out what is null
    return document


def _add_key(operation: dict[str, Any]) -> None:
    """Every POST of somebody who is signed in may carry an Idempotency-Key."""
    said = "A text of your own, such as a UUID: repeats with it are carried out once, and get the first one's answer."
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    place = {"name": HEADER, "in": "header", "required": False, "description": said, "schema": schema}
    operation.setdefault("parameters", []).append(place)
    for status, answer in errors.documented(409, 422)["responses"].items():
        shown = {"description": answer["description"], "content": {"application/json": {"schema": _ERROR}}}
        operation["responses"].setdefault(str(status), shown)


def _add_refusals(operation: dict[str, Any]) -> None:
    """What the framework itself may answer: no parameter and no body is always valid."""
    refused = (400, 413, 414, 422) if "requestBody" in operation else (414, 422) if operation.get("parameters") else ()
    for status, answer in errors.documented(*refused)["responses"].items():
        # An address that is too long is refused before anybody reads what it asks for: in plain words.
        text = status == 414
        content = {"text/plain": {"schema": {"type": "string"}}} if text else {"application/json": {"schema": _ERROR}}
        operation["responses"].setdefault(str(status), {"description": answer["description"], "content": content})


def _models() -> Iterator[tuple[str, type[BaseModel]]]:
    """Every shape of the gateway by its name."""
    waiting: list[type[BaseModel]] = [BaseModel]
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        if model.__module__.startswith("api.shapes."):
            yield model.__name__, model
