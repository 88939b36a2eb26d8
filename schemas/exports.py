"""Exports: a run's records as one file, in the shapes in which they pass between the gateway, its exporter and the
store."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args
from uuid import uuid4

from schemas.moments import rfc3339

ExportFormat = Literal["markdown", "html", "json", "ndjson", "csv", "xlsx", "xml", "epub", "zip"]
FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)

PROSE: frozenset[ExportFormat] = frozenset({"markdown", "html", "epub", "zip"})
"""Formats for reading: pages without rules keep their main content as Markdown for them."""

TABLES: frozenset[ExportFormat] = frozenset({"csv", "xlsx"})
"""Formats with a column a field."""

PACKED: frozenset[ExportFormat] = frozenset({"xlsx", "epub", "zip"})
"""Formats that are compressed already."""

OTHER_NAMES = {"md": "markdown", "jsonl": "ndjson", "jsonlines": "ndjson", "excel": "xlsx"}
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
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "epub": "application/epub+zip",
    "zip": "application/zip",
}
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One file of one run. `name` is its job's; `asked_by` a user's id, or empty where the job itself asks. `sha256`
    (hex), `bytes` and `records` are those of the finished file, `blob` where it is kept. It has the records of which
    every one of `conditions` is true, scraped from `since` on and before `until`: all, where none is given."""

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
    conditions: list[str] = field(default_factory=list)
    since: datetime | None = None
    until: datetime | None = None
    compressed: bool = False
    encrypted: bool = False
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
        if self.encrypted:
            return "application/zip"
        return "application/gzip" if self.compressed else _MEDIA_TYPES[self.format]

    @property
    def ending(self) -> str:
        """What stands behind the first dot of its name."""
        return self.filename.partition(".")[2]

    @property
    def path(self) -> str:
        """Where the gateway hands it out."""
        return f"/api/v1/exports/{self.job_id}/{self.filename}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportAsked:
    """A file that somebody wants, under the id that it gets where it is a new one. `mail`: whoever asks is told by mail
    when it is made. A file with a password is nobody else's."""

    id: str = field(default_factory=lambda: str(uuid4()))
    job_id: str
    run_id: str | None
    format: ExportFormat
    variant: Variant = ""
    conditions: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    compressed: bool = False
    password: str = field(default="", repr=False)
    mail: bool = False

    @property
    def selection(self) -> str:
        """Names which records are asked for, the same for the same; empty for all of a run's."""
        if not (self.conditions or self.since or self.until):
            return ""
        span = [rfc3339(moment) if moment else "" for moment in (self.since, self.until)]
        said = "\0".join([*span, *sorted(set(self.conditions))])
        return hashlib.blake2b(said.encode(), digest_size=12).hexdigest()


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


def filename_of(name: str, run_id: str, asked: ExportAsked) -> str:
    """The file's name within its job: one for each run, format, variant and selection, and plain in every system. One
    with a password has a part of its id in it."""
    parts = [plain(name) or "export", run_id.replace("-", "")[:12], asked.variant]
    parts += ["part", asked.selection] if asked.selection else []
    parts += [asked.id.replace("-", "")] if asked.password else []
    stem = "-".join(part for part in parts if part)
    packed = [*(["gz"] if asked.compressed else []), *(["zip"] if asked.password else [])]
    return ".".join([stem, _ENDINGS.get(asked.format, asked.format), *packed])
