"""A workbook whose texts are texts, whatever strangers wrote, read with another program's parts."""

import io
import re
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from api.exporter.errors import TooLarge
from api.exporter.formats import workbook
from api.exporter.formats.workbook import WorkbookFile
from api.exporter.formats.writer import Heading
from tests.unit.exporter.records import MOMENT, exported, record

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1", " =1", "\uff1d1+1", '=HYPERLINK("http://x")']


def sheets_of(body: bytes) -> list[list[dict[str, Any]]]:
    """Of each sheet its rows, as dicts by the names in the first one: (type, value, style) of each cell."""
    packed = zipfile.ZipFile(io.BytesIO(body))
    assert packed.testzip() is None
    names = sorted(
        (name for name in packed.namelist() if "worksheets/sheet" in name), key=lambda name: (len(name), name)
    )
    return [_rows(etree.fromstring(packed.read(name))) for name in names]


def _rows(sheet: Any) -> list[dict[str, Any]]:
    assert not list(sheet.iter(f"{MAIN}f", f"{MAIN}hyperlink")), "no formula and no link"
    lines = [{_column(cell): cell for cell in row} for row in sheet.iter(f"{MAIN}row")]
    names = {column: "".join(cell.itertext()) for column, cell in lines[0].items()}
    return [{names[column]: _cell(cell) for column, cell in line.items()} for line in lines[1:]]


def _column(cell: Any) -> str:
    return re.sub(r"\d", "", cell.get("r"))


def _cell(cell: Any) -> tuple[str, Any, str]:
    kind, text = cell.get("t") or "n", "".join(cell.itertext())
    plain = re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)
    return kind, float(text) if kind == "n" else plain, cell.get("s") or ""


async def rows_of(**data: Any) -> dict[str, Any]:
    ((row,),) = sheets_of(await exported([record(1, **data)], "xlsx"))
    return row


@pytest.mark.parametrize("text", FORMULAS)
async def test_what_begins_like_a_formula_is_a_text_and_stays_one_when_its_cell_is_edited(text: str) -> None:
    body = await exported([record(1, key=text, value=text, list=[text], plain="x")], "xlsx")
    ((row,),) = sheets_of(body)
    assert row["value"][:2] == row["record_key"][:2] == ("inlineStr", text)
    styles = etree.fromstring(zipfile.ZipFile(io.BytesIO(body)).read("xl/styles.xml"))
    quoted = [one.get("quotePrefix") for one in styles.find(f"{MAIN}cellXfs")]
    assert quoted[int(row["value"][2])] == quoted[int(row["record_key"][2])] == "1"
    assert row["plain"] == ("inlineStr", "x", ""), "others need no mark"


async def test_a_column_that_is_called_like_a_formula_is_none() -> None:
    assert (await rows_of(**{"=1+1": "x"}))["=1+1"][1] == "x"


async def test_values_have_their_types() -> None:
    row = await rows_of(yes=True, no=False, whole=-5, half=0.5, nothing=None, many=["x"], deep={"a": 1}, id=2**60,
                        digits="17", address="http://x.test/", file="mailto:a@x.test")  # fmt: skip
    assert {row["yes"][:2], row["no"][:2]} == {("b", "1"), ("b", "0")}
    assert (row["whole"][:2], row["half"][:2]) == (("n", -5.0), ("n", 0.5))
    assert "nothing" not in row
    assert (row["many"][1], row["deep"][1]) == ('["x"]', '{"a":1}')
    assert row["id"][:2] == ("inlineStr", str(2**60)), "not rounded"
    assert row["digits"][0] == row["address"][0] == row["file"][0] == "inlineStr"


@pytest.mark.parametrize("text", ["<r>&lt;</r>", "<r><t>x</t></r>", "<r></sheetData></r>"])
async def test_markup_is_a_text_too(text: str) -> None:
    assert (await rows_of(value=text))["value"][1] == f"{text} "


async def test_characters_that_no_workbook_holds_are_replaced_and_control_characters_kept() -> None:
    row = await rows_of(value="a\x01b\ufffec", said="_x0041_", lines="a\r\nb")
    assert (row["value"][1], row["lines"][1]) == ("a\x01b\ufffdc", "a\r\nb")
    assert row["said"][1].replace("_x", "x") != "A"


async def test_what_is_too_long_for_a_cell_is_cut_and_that_is_told() -> None:
    row = await rows_of(long="x" * 40_000, wide="\U0001f600" * 20_000, short="x" * 32_767)
    assert len(row["long"][1]) == 32_767 == len(row["short"][1])
    assert len(row["wide"][1].encode("utf-16-le")) // 2 <= 32_767
    assert row["cut_fields"][1] == '["long","wide"]'
    assert "cut_fields" not in await rows_of(short="x" * 32_767)


async def test_beyond_the_rows_of_a_sheet_comes_another(monkeypatch: pytest.MonkeyPatch) -> None:
    assert workbook._MOST_ROWS == 1_048_576
    monkeypatch.setattr(workbook, "_MOST_ROWS", 3)
    sheets = sheets_of(await exported([record(number, title="t") for number in range(5)], "xlsx"))
    assert [len(sheet) for sheet in sheets] == [2, 2, 1]
    assert all(row["title"][1] == "t" for sheet in sheets for row in sheet)


async def test_the_same_records_are_the_same_bytes() -> None:
    rows = [record(1, a=1), record(2, b="x")]
    assert await exported(rows, "xlsx") == await exported(rows, "xlsx")


def test_what_is_not_compressed_yet_is_bounded_too(tmp_path: Path) -> None:
    file = io.BytesIO()
    book = WorkbookFile(file, tmp_path, 100_000)
    book.begin(Heading(name="n", dataset="d", job_id="j", run_id="r", moment=MOMENT, columns=["text"]))
    with tempfile.TemporaryFile(), pytest.raises(TooLarge):
        for number in range(100):
            book.add([record(number, text="x" * 10_000)])
    assert file.tell() == 0
