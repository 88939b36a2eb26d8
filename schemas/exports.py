"""Exports: a run's records as one file, in the shapes in which they pass between the gateway, its exporter and the
store."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

ExportFormat = Literal["markdown", "html", "json", "ndjson", "csv", "epub", "zip"]
FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)

PROSE: frozenset[ExportFormat] = frozenset({"markdown", "html", "epub", "zip"})
"""Formats for reading: pages without rules keep their main content as Markdown for them."""

OTHER_NAMES = {"md": "markdown", "jsonl": "ndjson", "jsonlines": "ndjson"}
"""What people call them too."""

Variant = Literal["", "html", "bom"]
"""`html`: the pages of a zip are HTML and not Markdown. `bom`: a CSV that begins with a byte order mark, for Excel."""

ExportState = Literal["queued", "running", "completed", "failed"]

_ENDINGS = {"markdown": "md", "ndjson": "ndjson"}
_MEDIA_TYPES: dict[ExportFormat, str] = {
    "markdown": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8; header=present",
    "epub": "application/epub+zip",
    "zip": "application/zip",
}
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One file of one run. `name` is its job's; `asked_by` a user's id, or empty where the job itself asks. `sha256`
    (hex), `bytes` and `records` are those of the finished file, `blob` where it is kept."""

    id: str
    job_id: str
    run_id: str
    owner: str
    dataset: str
    name: str
    format: ExportFormat
    variant: Variant
    filename: str
    state: ExportState
    asked_by: str
    asked_at: datetime
    attempt: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    records: int = 0
    bytes: int = 0
    sha256: str = ""
    blob: str = ""
    why: str = ""
    downloads: int = 0

    @property
    def media_type(self) -> str:
        """As `Content-Type` has it."""
        return _MEDIA_TYPES[self.format]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportAsked:
    """A file that somebody wants."""

    job_id: str
    run_id: str | None
    format: ExportFormat
    variant: Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record as a table of contents names it. `key` tells records apart: the address of a page, where it is one."""

    id: str
    key: str
    url: str
    title: str


def plain(text: str, most: int = 60) -> str:
    """Lower-case letters, digits and hyphens of a name, for names of files; may be empty."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _NOT_PLAIN.sub("-", ascii_only)[:most].strip("-").lower()


def filename_of(name: str, run_id: str, format: ExportFormat, variant: Variant) -> str:
    """The file's name within its job: one for each run, format and variant, and plain in every system."""
    parts = [plain(name) or "export", run_id.replace("-", "")[:12], *([variant] if variant else [])]
    return f"{'-'.join(parts)}.{_ENDINGS.get(format, format)}"
