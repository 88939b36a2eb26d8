"""A file packed once more: what comes out again is what went in, and its memory is bounded."""

import gzip
import io
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest
import pyzipper

from api.exporter.packing import packed
from schemas.exports import Export, ExportAsked, ExportFormat, filename_of
from tests.unit.exporter.records import RUN, asked

PASSWORD = "a horse, 4 batteries & a staple"
TEXT = b'{"id":"1"}\n' * 1000


def locked(format: ExportFormat) -> Export:
    name = filename_of("The docs", RUN, ExportAsked(job_id="", run_id=RUN, format=format, password=PASSWORD))
    return replace(asked(format), encrypted=True, filename=name)


def bytes_of(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def test_gzip_has_no_time_and_no_name() -> None:
    export = replace(asked("ndjson"), compressed=True)
    twice = [bytes_of(packed(export, io.BytesIO(TEXT), io.BytesIO(), None)) for _ in range(2)]
    assert twice[0] == twice[1] and gzip.decompress(twice[0]) == TEXT
    assert len(twice[0]) < len(TEXT) / 10


def test_what_is_asked_for_as_it_is_is_not_copied() -> None:
    file = io.BytesIO(TEXT)
    assert packed(asked("ndjson"), file, io.BytesIO(), None) is file


@pytest.mark.parametrize("format", ["ndjson", "zip"])
def test_a_locked_file_opens_with_its_password_alone(format: ExportFormat) -> None:
    export = locked(format)
    body = bytes_of(packed(export, io.BytesIO(TEXT), io.BytesIO(), PASSWORD))
    assert TEXT[:11] not in body
    with pyzipper.AESZipFile(io.BytesIO(body)) as archive:
        (entry,) = archive.infolist()
        assert (entry.wz_aes_strength, entry.wz_aes_version) == (3, 2), "256 bits, and no sum of the plain text"
        assert entry.CRC == 0
        assert f"{entry.filename}.zip" == export.filename and entry.filename.endswith(f".{format}")
        assert archive.read(entry.filename, pwd=PASSWORD.encode()) == TEXT
        with pytest.raises(RuntimeError):
            archive.read(entry.filename, pwd=PASSWORD.upper().encode())
    with pytest.raises(NotImplementedError):
        zipfile.ZipFile(io.BytesIO(body)).read(entry.filename, pwd=PASSWORD.encode())


def test_what_was_changed_on_its_way_does_not_open() -> None:
    body = bytearray(bytes_of(packed(locked("zip"), io.BytesIO(TEXT), io.BytesIO(), PASSWORD)))
    body[len(body) // 2] ^= 1
    with (
        pyzipper.AESZipFile(io.BytesIO(bytes(body))) as archive,
        pytest.raises(pyzipper.zipfile.BadZipFile, match="HMAC"),
    ):
        archive.read(archive.namelist()[0], pwd=PASSWORD.encode())


@pytest.mark.parametrize("password", [None, PASSWORD])
def test_a_large_file_goes_through_in_pieces(password: str | None, tmp_path: Path) -> None:
    export = locked("ndjson") if password else replace(asked("ndjson"), compressed=True)
    with (tmp_path / "plain").open("w+b") as file, (tmp_path / "packed").open("w+b") as into:
        for _ in range(40):
            file.write(b"0123456789abcdef" * 65_536)
        tracemalloc.start()
        try:
            packed(export, file, into, password)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert file.tell() == 40 << 20 and peak < 12 << 20
