"""Exports as v1 tells them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from schemas.choosing import LONGEST_CONDITION, MOST_CONDITIONS
from schemas.exports import OTHER_NAMES, PACKED, Export, ExportFormat, ExportState, Variant

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
    "where": [],
    "since": None,
    "until": None,
    "compressed": False,
    "encrypted": False,
    "error": None,
}


class ConvertAsked(BaseModel):
    """A file of a run: of the newest one that is over, unless one is named."""

    model_config = ConfigDict(
        extra="forbid",
        hide_input_in_errors=True,
        json_schema_extra={
            "examples": [
                {"format": "epub"},
                {"format": "csv", "bom": True, "compress": True},
                {"format": "xlsx", "where": ["price>=10"], "since": "2026-01-05T00:00:00Z"},
            ]
        },
    )

    format: ExportFormat = Field(
        description="`md`, `jsonl` and `excel` are taken for markdown, ndjson and xlsx.",
    )
    run_id: str | None = Field(None, min_length=1, max_length=100)
    bom: bool = Field(False, description="CSV only: begin with a byte order mark, which Excel wants.")
    pages: Literal["markdown", "html"] = Field("markdown", description="ZIP only: what its pages are.")
    where: list[Annotated[str, Field(max_length=LONGEST_CONDITION)]] = Field(
        default_factory=list,
        max_length=MOST_CONDITIONS,
        description="Only records of which each of these is true, as `where` of a job's records has it: `price>=10`.",
    )
    since: AwareDatetime | None = Field(None, description="Only records that were scraped from then on (RFC 3339).")
    until: AwareDatetime | None = Field(None, description="Only records that were scraped before then.")
    compress: bool = Field(False, description="As gzip; not for xlsx, epub and zip, which are compressed already.")
    password: SecretStr | None = Field(
        None,
        min_length=12,
        max_length=128,
        description="In a ZIP that opens with this alone (AES-256): printable ASCII characters. It is kept sealed "
        "until the file is made, and then erased.",
    )
    email: bool = Field(False, description="Tell the address of your own account when the file is there.")

    @field_validator("format", mode="before")
    @classmethod
    def _other_names(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return OTHER_NAMES.get(value.lower(), value.lower())

    @field_validator("password")
    @classmethod
    def _typed_the_same_everywhere(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not (value.get_secret_value().isascii() and value.get_secret_value().isprintable()):
            raise ValueError("has a character that programs for ZIP files write each their own way; take ASCII alone")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> "ConvertAsked":
        if self.since and self.until and self.since >= self.until:
            raise ValueError("since is not before until")
        if self.compress and self.format in PACKED:
            raise ValueError(f"a file of the format {self.format} is compressed already; leave compress away")
        if self.compress and self.password:
            raise ValueError("a file with a password is compressed already; leave compress away")
        return self

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
    where: list[str] = Field(description="It has only records of which each of these is true.")
    since: datetime | None = Field(description="It has only records that were scraped from then on,")
    until: datetime | None = Field(description="and before then.")
    compressed: bool
    encrypted: bool = Field(description="It is a ZIP that opens with its password alone.")
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
        download_url=export.path if whole else None,
        media_type=export.media_type,
        size_bytes=export.bytes if whole else None,
        records=export.records if whole else None,
        sha256=export.sha256 if whole else None,
        created_at=export.asked_at,
        completed_at=export.finished_at,
        expires_at=export.expires_at,
        downloads=export.downloads,
        where=export.conditions,
        since=export.since,
        until=export.until,
        compressed=export.compressed,
        encrypted=export.encrypted,
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


def disposition(export: Export) -> str:
    """Content-Disposition (RFC 6266): a plain name for every client, and the job's own beside it (RFC 8187)."""
    whole = " ".join("".join(c for c in export.name if c.isprintable() and c not in '/\\:*?"<>|').split())[:100]
    extended = quote(f"{whole or 'export'}.{export.ending}".encode("utf-8", "replace"), safe="")
    return f"attachment; filename=\"{export.filename}\"; filename*=UTF-8''{extended}"
