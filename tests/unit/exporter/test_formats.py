"""What each format holds, and that nothing a page says does anything in it."""

import csv
import io
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from lxml import etree

from api.exporter.errors import TooLarge
from api.exporter.formats import archive
from api.exporter.formats.prose import harmless, html_of
from api.exporter.formats.table import neutral
from api.exporter.making import make
from schemas.exports import FORMATS, ExportFormat, Variant
from tests.unit.exporter.records import FakeRows, asked, exported, record

PAGE = """# Installing

Use [the next page](http://docs.test/p/2#top) or [elsewhere](http://other.test/x).

```python
def f(x):

    return "[not a link](http://docs.test/p/2)"
```

| a | b |
| --- | --- |
| 1 | 2 |
"""
HOSTILE = [
    "a <script>alert(1)</script> b",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1)) and [y](http://fine.test/)",
    "[x](java&#115;cript:alert(1))",
    "[x]( <javascript:alert(1)> )",
    "[x][r]\n\n[r]: javascript:alert(1)",
    "` a\n# b ` c ` <script>alert(1)</script> `",
    "<!-- <svg onload=alert(1)> -->",
    "![x](data:text/html;base64,PHNjcmlwdD4=)",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](vbscript:msgbox)",
    "<scr<script>ipt>alert(1)</script>",
]
SITE = [
    record(1, title="One", markdown=PAGE),
    record(2, title="Two & <b>", markdown="Back to [one](http://docs.test/p/1)."),
    record(3, title="Drei – ünïcode", text="plain text with *stars* and <tags>"),
    record(4, title="", text="a page without a title"),
    *(record(10 + number, title="hostile", markdown=text) for number, text in enumerate(HOSTILE)),
]
GOODS = [
    record(1, key="a", name="=cmd|' /C calc'!A0", price=-5, tags=["x", "y"]),
    record(2, key="b", name='say "hi",\r\nthere', price=1.5),
    record(3, key="+c", name="\tindented", price=None, rest={"deep": True}),
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_what_a_stranger_wrote_does_nothing_as_markdown(text: str) -> None:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": True})
    reader.validateLink = lambda url: True  # type: ignore[method-assign]
    _does_nothing(reader.render(harmless(text)))
    _does_nothing(html_of(text, "http://docs.test/", lambda address: None, pictures=True))
    packed = zipfile.ZipFile(io.BytesIO(await exported([record(1, markdown=text)], "zip")))
    _does_nothing(reader.render(packed.read(packed.namelist()[-1]).decode()))


def test_a_link_of_no_known_scheme_is_no_link() -> None:
    assert "href" not in html_of("[x](foo:bar)", "http://docs.test/", lambda address: None, pictures=True)


def _does_nothing(shown: str) -> None:
    tree = etree.fromstring(f"<body>{shown}</body>".encode(), etree.HTMLParser())
    assert {element.tag for element in tree.iter()} <= {"html", "body", "p", "h1", "code", "a", "em", "img"}
    for element in tree.iter("a", "img"):
        assert not re.match(r"\s*(java|vb)script:|\s*data:", element.get("href") or element.get("src") or "", re.I)
        assert not any(name.startswith("on") for name in element.attrib)


@pytest.mark.parametrize("text", [PAGE, "`<T>` in code\n\n    <indented>", "1 < 2 and [a](/b) & more", "- x\n- y"])
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


async def test_html_runs_nothing_and_its_links_lead_within_the_file() -> None:
    text = (await exported(SITE, "html")).decode()
    tree = etree.fromstring(text.encode(), etree.XMLParser())
    assert not tree.xpath("//script | //*[@*[starts-with(name(), 'on')]] | //iframe | //svg")
    assert not [href for href in tree.xpath("//@href | //@src") if not re.match(r"https?://|#", href)]
    assert "default-src 'none'" in tree.xpath("string(//meta[@http-equiv]/@content)")
    ids = set(tree.xpath("//section/@id"))
    inner = [href[1:] for href in tree.xpath("//@href") if href.startswith("#")]
    assert len(ids) == len(SITE)
    assert set(inner) == ids
    assert len(inner) == len(SITE) + 2  # the contents, and the links between the pages
    assert 'class="language-python">def f(x):\n\n    return' in text
    assert tree.xpath("string(//table//td)") == "1"


async def test_markdown_has_contents_pages_and_working_anchors() -> None:
    text = (await exported(SITE, "markdown")).decode()
    anchors = re.findall(r'^<a id="([^"]+)"></a>$', text, re.MULTILINE)
    assert len(set(anchors)) == len(SITE)
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) == set(anchors)
    assert PAGE.partition("\n```")[2].partition("```")[0] in text  # code as it was, its links too
    assert r"plain text with \*stars\* and \<tags\>" in text
    assert "[elsewhere](http://other.test/x)" in text


@pytest.mark.parametrize("variant", ["", "html"])
async def test_a_zip_is_a_site_whose_links_work(variant: Variant) -> None:
    packed = zipfile.ZipFile(io.BytesIO(await exported(SITE, "zip", variant)))
    assert packed.testzip() is None
    ending = variant or "md"
    names = set(packed.namelist())
    assert len(names) == len(SITE) + 1 == len(packed.namelist())
    assert not [name for name in names if name.startswith("/") or ".." in name or "\\" in name]
    index = packed.read(f"index.{ending}").decode()
    linked = set(re.findall(r"pages/[a-z0-9-]+\." + ending, index))
    assert linked == names - {f"index.{ending}"}
    one = next(name for name in names if "p-1-" in name)
    two = next(name for name in names if "p-2-" in name)
    assert two.removeprefix("pages/") in packed.read(one).decode()
    assert one.removeprefix("pages/") in packed.read(two).decode()
    assert await exported(SITE, "zip", variant) == await exported(SITE, "zip", variant)


async def test_a_table_says_no_formula() -> None:
    body = await exported(GOODS, "csv", "bom")
    assert body.startswith(b"\xef\xbb\xbf")
    assert not (await exported(GOODS, "csv")).startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    by_key = {row["record_key"]: row for row in rows}
    assert by_key["a"]["name"] == "'=cmd|' /C calc'!A0"
    assert by_key["a"]["price"] == "-5"
    assert by_key["b"]["name"] == 'say "hi",\r\nthere'
    assert by_key["'+c"]["name"] == "\tindented"
    assert orjson.loads(by_key["'+c"]["rest"]) == {"deep": True}
    assert body.count(b"\r\n") == len(GOODS) + 1 + 1


@pytest.mark.parametrize("around", ["{}", " {}", "\t{}", "\r{}", "\n{}", "a;{}", "a; \t{}", 'a;"{}', "a\t{}", "a\r\n{}",
                                    "\ufeff{}", "\u200b{}", "a;\xa0{}", ";;{}"])  # fmt: skip
@pytest.mark.parametrize("sign", "=+-@\uff1d")
async def test_no_part_of_a_cell_is_a_formula_and_one_apostrophe_less_is_what_was_published(
    around: str, sign: str
) -> None:
    texts = [around.format(f"{before}{sign}cmd|' /C calc'!A0") for before in ("", "'", "''")]
    rows = [record(number, key=str(number), text=text, list=[{text: text}]) for number, text in enumerate(texts)]
    made = (await exported(rows, "csv")).decode()
    for text, row in zip(texts, csv.DictReader(io.StringIO(made, newline="")), strict=True):
        assert restored(row["text"]) == text != row["text"]
        assert orjson.loads(row["list"]) == [{text: text}], "JSON says the same with an escape"
        for cell in (row["text"], row["list"]):
            assert not re.search(rf"(?:^|[;\t\r\n])[\s\"\u200b\ufeff]*{re.escape(sign)}", cell)


@pytest.mark.parametrize(
    "text", ["a = b", "x'=y", "1-2", "a, -b", "mail@docs.test", "'quoted'", "", "a;b", "\n" * 99_999]
)
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text


def restored(text: str) -> str:
    """As docs/exports.md says it."""
    page = Path(__file__).parents[3] / "docs" / "exports.md"
    found = re.search(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert found
    names: dict[str, Any] = {}
    exec(found[1], names)
    return str(names["restored"](text))


async def test_json_holds_every_record_exactly_as_published() -> None:
    whole = orjson.loads(await exported(GOODS, "json"))
    lines = [orjson.loads(line) for line in (await exported(GOODS, "ndjson")).splitlines()]
    assert whole["records"] == lines
    assert {line["id"]: line["data"] for line in lines} == {one.id: orjson.loads(one.data) for one in GOODS}
    assert orjson.loads(await exported([], "json"))["records"] == []


@pytest.mark.parametrize("format", FORMATS)
async def test_a_file_is_bounded(format: ExportFormat, tmp_path: Path) -> None:
    many = [record(number, title="t", text="x" * 100) for number in range(40)]
    with pytest.raises(TooLarge):
        await make(asked(format), FakeRows(many), io.BytesIO(), 300, tmp_path)
    assert not os.listdir(tmp_path), "and leaves nothing beside it"


def test_a_zip_of_many_entries_has_the_larger_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_MOST", 3)
    file = io.BytesIO()
    packed = archive.Archive(file)
    for number in range(5):
        packed.add(f"{number}.txt", str(number).encode() * 100)
    packed.close()
    assert b"PK\x06\x06" in file.getvalue()
    assert zipfile.ZipFile(file).testzip() is None


async def test_records_of_one_key_have_files_of_their_own() -> None:
    twins = [record(number, key="http://docs.test/p/1", title="t", text="x") for number in (1, 2)]
    names = zipfile.ZipFile(io.BytesIO(await exported(twins, "zip"))).namelist()
    assert len(set(names)) == 3
