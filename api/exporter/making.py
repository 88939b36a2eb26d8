"""One file, from a run's records to its bytes."""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from api.exporter.errors import TooLarge
from api.exporter.folder import named
from api.exporter.formats.book import BookFile
from api.exporter.formats.columns import MOST_COLUMNS
from api.exporter.formats.html import HtmlFile
from api.exporter.formats.lines import JsonFile, JsonLines
from api.exporter.formats.markdown import MarkdownFile
from api.exporter.formats.site import SiteFile
from api.exporter.formats.table import CsvFile
from api.exporter.formats.workbook import WorkbookFile
from api.exporter.formats.writer import Heading, Writer
from api.exporter.formats.xml import XmlFile
from api.exporter.ports import Rows
from api.services.choosing import conditions
from schemas.choosing import Choice
from schemas.exports import TABLES, Export, ExportFormat


async def make(export: Export, rows: Rows, file: BinaryIO, most_bytes: int, folder: Path) -> int:
    """Writes the file piece by piece, in a thread, and returns how many records it has; `folder` is for what is written
    beside it. Raises TooLarge."""
    choice = Choice(where=conditions(export.conditions), since=export.since, until=export.until)
    with named(folder) as beside:
        writer = _writer(export, file, Path(beside), most_bytes)
        return await _written(writer, export, rows, choice, lambda: _check(file, most_bytes))


def _writer(export: Export, file: BinaryIO, beside: Path, most_bytes: int) -> Writer:
    writers: dict[ExportFormat, Callable[[], Writer]] = {
        "markdown": lambda: MarkdownFile(file),
        "html": lambda: HtmlFile(file),
        "json": lambda: JsonFile(file),
        "ndjson": lambda: JsonLines(file),
        "csv": lambda: CsvFile(file, mark=export.variant == "bom"),
        "xlsx": lambda: WorkbookFile(file, beside, most_bytes),
        "xml": lambda: XmlFile(file),
        "epub": lambda: BookFile(file),
        "zip": lambda: SiteFile(file, as_html=export.variant == "html"),
    }
    return writers[export.format]()


async def _written(writer: Writer, export: Export, rows: Rows, choice: Choice, check: Callable[[], None]) -> int:
    dataset, run, count = export.dataset, export.run_id, 0
    await asyncio.to_thread(writer.begin, await _heading(export, rows, choice))
    if writer.contents:
        async for entries in rows.entries(dataset, run, choice):
            check()
            await asyncio.to_thread(writer.enter, entries)
    async for records in rows.records(dataset, run, choice):
        check()
        await asyncio.to_thread(writer.add, records)
        count += len(records)
    await asyncio.to_thread(writer.end)
    check()
    return count


def digest_of(file: BinaryIO) -> tuple[int, str]:
    """Bytes and SHA-256 of a file."""
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while piece := file.read(1 << 20):
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


async def _heading(export: Export, rows: Rows, choice: Choice) -> Heading:
    columns: list[str] = []
    if export.format in TABLES:
        columns = await rows.fields(export.dataset, export.run_id, choice, MOST_COLUMNS)
    return Heading(
        name=export.name,
        dataset=export.dataset,
        job_id=export.job_id,
        run_id=export.run_id,
        moment=export.asked_at,
        columns=columns,
    )


def _check(file: BinaryIO, most_bytes: int) -> None:
    if file.tell() > most_bytes:
        raise TooLarge(f"The file would have more than {most_bytes} bytes; export fewer records, or another format.")
