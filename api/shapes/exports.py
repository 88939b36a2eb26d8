"""Exports as v1 tells them."""

from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, field_validator

from schemas.exports import OTHER_NAMES, Export, ExportFormat, ExportState, Variant

_JOB = "0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"
_EXAMPLE: dict[str, Any] = {
    "conversion_id": "5c0d3f5e-1c9e-4b6f-9f83-2f7f0f0f4b11",
    "job_id": _JOB,
    "run_id": "7d0a8f53-2b1e-4d0c-8a4c-0a5a1f6b2c22",
    "format": "markdown",
    "variant": "",
    "status": "completed",
    "filename": "the-docs-7d0a8f532b1e.md",
    "download_url": f"/api/v1/exports/{_JOB}/the-docs-7d0a8f532b1e.md",
    "media_type": "text/markdown; charset=utf-8",
    "size_bytes": 48213,
    "records": 120,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "created_at": "2026-01-05T10:30:00Z",
    "completed_at": "2026-01-05T10:30:01Z",
    "expires_at": "2026-01-12T10:30:01Z",
    "downloads": 0,
    "error": None,
}


class ConvertAsked(BaseModel):
    """A file of a run: of the newest one that is over, unless one is named."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"format": "epub"}, {"format": "csv", "bom": True}]},
    )

    format: ExportFormat = Field(description="`md` and `jsonl` are taken for markdown and ndjson.")
    run_id: str | None = Field(None, min_length=1, max_length=100)
    bom: bool = Field(False, description="CSV only: begin with a byte order mark, which Excel wants.")
    pages: Literal["markdown", "html"] = Field("markdown", description="ZIP only: what its pages are.")

    @field_validator("format", mode="before")
    @classmethod
    def _other_names(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return OTHER_NAMES.get(value.lower(), value.lower())

    @property
    def variant(self) -> Variant:
        """What tells two files of one format apart."""
        if self.format == "csv" and self.bom:
            return "bom"
        return "html" if self.format == "zip" and self.pages == "html" else ""


class ExportBody(BaseModel):
    """A file, or one that is being made: its address is there as soon as it is whole. `error` says why one failed."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    conversion_id: str
    job_id: str
    run_id: str
    format: ExportFormat
    variant: Variant
    status: ExportState
    filename: str
    download_url: str | None
    media_type: str
    size_bytes: int | None
    records: int | None
    sha256: str | None
    created_at: datetime
    completed_at: datetime | None
    expires_at: datetime | None
    downloads: int
    error: str | None


class ExportList(BaseModel):
    """A job's files, the newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"exports": [_EXAMPLE]}]})

    exports: list[ExportBody]


class ExportMetadata(BaseModel):
    """A job's files together, and each."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"job_id": _JOB, "files": 1, "size_bytes": 48213, "formats": ["markdown"], "exports": [_EXAMPLE]}
            ]
        }
    )

    job_id: str
    files: int
    size_bytes: int
    formats: list[ExportFormat]
    exports: list[ExportBody]


class ExportsRemoved(BaseModel):
    """How many there were."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"job_id": _JOB, "deleted": 2}]})

    job_id: str
    deleted: int


def export_body(export: Export) -> ExportBody:
    """An export as its owner sees it."""
    whole = export.state == "completed"
    return ExportBody(
        conversion_id=export.id,
        job_id=export.job_id,
        run_id=export.run_id,
        format=export.format,
        variant=export.variant,
        status=export.state,
        filename=export.filename,
        download_url=address_of(export) if whole else None,
        media_type=export.media_type,
        size_bytes=export.bytes if whole else None,
        records=export.records if whole else None,
        sha256=export.sha256 if whole else None,
        created_at=export.asked_at,
        completed_at=export.finished_at,
        expires_at=export.expires_at,
        downloads=export.downloads,
        error=export.why or None,
    )


def metadata(job_id: str, exports: list[Export]) -> ExportMetadata:
    """All of a job's."""
    whole = [export for export in exports if export.state == "completed"]
    return ExportMetadata(
        job_id=job_id,
        files=len(whole),
        size_bytes=sum(export.bytes for export in whole),
        formats=sorted({export.format for export in whole}),
        exports=[export_body(export) for export in exports],
    )


def address_of(export: Export) -> str:
    """Where the file is downloaded."""
    return f"/api/v1/exports/{export.job_id}/{export.filename}"


def disposition(export: Export) -> str:
    """Content-Disposition (RFC 6266): a plain name for every client, and the job's own beside it (RFC 8187)."""
    ending = export.filename.rpartition(".")[2]
    whole = " ".join("".join(c for c in export.name if c.isprintable() and c not in '/\\:*?"<>|').split())[:100]
    extended = quote(f"{whole or 'export'}.{ending}".encode("utf-8", "replace"), safe="")
    return f"attachment; filename=\"{export.filename}\"; filename*=UTF-8''{extended}"
