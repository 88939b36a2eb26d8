"""One file, from a run's records to its bytes."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import BinaryIO

from api.exporter.errors import TooLarge
from api.exporter.formats.book import BookFile
from api.exporter.formats.html import HtmlFile
from api.exporter.formats.lines import JsonFile, JsonLines
from api.exporter.formats.markdown import MarkdownFile
from api.exporter.formats.site import SiteFile
from api.exporter.formats.table import MOST_COLUMNS, CsvFile
from api.exporter.formats.writer import Heading, Writer
from api.exporter.ports import Rows
from schemas.exports import Export, ExportFormat, Variant

_WRITERS: dict[ExportFormat, Callable[[BinaryIO, Variant], Writer]] = {
    "markdown": lambda file, variant: MarkdownFile(file),
    "html": lambda file, variant: HtmlFile(file),
    "json": lambda file, variant: JsonFile(file),
    "ndjson": lambda file, variant: JsonLines(file),
    "csv": lambda file, variant: CsvFile(file, mark=variant == "bom"),
    "epub": lambda file, variant: BookFile(file),
    "zip": lambda file, variant: SiteFile(file, as_html=variant == "html"),
}


async def make(export: Export, rows: Rows, file: BinaryIO, most_bytes: int) -> int:
    """Writes the file piece by piece, in a thread, and returns how many records it has. Raises TooLarge."""
    writer = _WRITERS[export.format](file, export.variant)
    dataset, run, count = export.dataset, export.run_id, 0
    await asyncio.to_thread(writer.begin, await _heading(export, rows))
    if writer.contents:
        async for entries in rows.entries(dataset, run):
            _check(file, most_bytes)
            await asyncio.to_thread(writer.enter, entries)
    async for records in rows.records(dataset, run):
        _check(file, most_bytes)
        await asyncio.to_thread(writer.add, records)
        count += len(records)
    await asyncio.to_thread(writer.end)
    _check(file, most_bytes)
    return count


def digest_of(file: BinaryIO) -> tuple[int, str]:
    """Bytes and SHA-256 of a file."""
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while piece := file.read(1 << 20):
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


async def _heading(export: Export, rows: Rows) -> Heading:
    table = export.format == "csv"
    return Heading(
        name=export.name,
        dataset=export.dataset,
        job_id=export.job_id,
        run_id=export.run_id,
        moment=export.asked_at,
        columns=await rows.fields(export.dataset, export.run_id, MOST_COLUMNS) if table else (),
    )


def _check(file: BinaryIO, most_bytes: int) -> None:
    if file.tell() > most_bytes:
        raise TooLarge(f"The file would have more than {most_bytes} bytes; export fewer records, or another format.")
