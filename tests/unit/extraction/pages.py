"""Pages for the tests of extraction, as a fetcher would have brought them."""

import zstandard

from schemas.events import FetchResult
from streams.extraction.document import Document, read

ADDRESS = "http://shop.example/list/page.html"


def fetched(
    body: bytes | str, content_type: str | None = "text/html; charset=utf-8", url: str = ADDRESS, **fields: object
) -> FetchResult:
    raw = body.encode() if isinstance(body, str) else body
    headers = [] if content_type is None else [("Content-Type", content_type)]
    known: dict[str, object] = {
        "fetch_id": "1d2c8a52-3f1e-4a73-9d58-0a4b7f1c2e33",
        "run_id": "0c6f9a0e-6f9b-4a8e-8d38-63f6f5a1c001",
        "url_fp": "7a1f4b7e-0000-4000-8000-000000000001",
        "url": url,
        "host": "shop.example",
        "attempt": 1,
        "status": 200,
        "headers": headers,
        "fetched_at": "2024-05-15T12:30:15Z",
        "body": zstandard.ZstdCompressor().compress(raw),
        "body_size": len(raw),
    }
    return FetchResult(**{**known, **fields})  # type: ignore[arg-type]


def page(body: bytes | str, content_type: str | None = "text/html; charset=utf-8", url: str = ADDRESS) -> Document:
    return read(fetched(body, content_type, url))
