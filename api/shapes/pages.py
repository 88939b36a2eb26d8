"""Where in a list a numbered page stands, wherever pages are numbered."""

from typing import Any

from pydantic import BaseModel, ConfigDict

PAGE: dict[str, Any] = {
    "page": 1,
    "per_page": 20,
    "total": 1,
    "total_pages": 1,
    "has_next": False,
    "has_previous": False,
}
"""The example of one page that is all."""


class PaginationBody(BaseModel):
    """Which page of how many this is; `page` counts from 1."""

    model_config = ConfigDict(json_schema_extra={"examples": [PAGE]})

    page: int
    per_page: int
    total: int
    total_pages: int
    has_next: bool
    has_previous: bool


def pagination(page: int, per_page: int, total: int) -> PaginationBody:
    """Where a page stands in a list of `total` entries. One beyond the end leads back to the last one alone."""
    pages = -(-total // per_page)
    return PaginationBody(
        page=page,
        per_page=per_page,
        total=total,
        total_pages=pages,
        has_next=page < pages,
        has_previous=1 < page <= pages + 1,
    )
