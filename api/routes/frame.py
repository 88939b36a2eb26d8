"""The v2 frame: `success`, `data`, `metadata`, and `pagination` where there are pages."""

from typing import Any

from fastapi import Request

from api import problems
from api.edge.requests import elapsed_of


def framed(request: Request, data: Any, **more: Any) -> dict[str, Any]:
    """An answer's parts in the frame; `more` (such as `pagination`) stands beside `data`."""
    meta = {**problems.metadata(request.scope), "execution_time_ms": round(elapsed_of(request) * 1000)}
    return {"success": True, "data": data, "metadata": meta, **more}
