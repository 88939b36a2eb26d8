"""A book held against EPUB 3.3: the container (OCF), the package document, the navigation document, the chapters.

`epubcheck` (org.w3c:epubcheck) says the same of such books and more; it was run by hand, what it found stands here.
"""

import io
import re
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest
from lxml import etree

from schemas.ledger import StoredRecord
from tests.unit.exporter.records import exported, record
from tests.unit.exporter.test_formats import SITE

_X = "{http://www.w3.org/1999/xhtml}"
_NAMES = {
    "x": "http://www.w3.org/1999/xhtml",
    "o": "http://www.idpf.org/2007/opf",
    "dc": "http://purl.org/dc/elements/1.1/",
    "c": "urn:oasis:names:tc:opendocument:xmlns:container",
    "epub": "http://www.idpf.org/2007/ops",
}
BAD_LINKS = ["http://[", "http://%5B/", "http://x.test:99999/", "https:x", "http://xn--a.test/", "http:///", "http://..",
             "mailto:", "tel:", "http://exa mple/"]  # fmt: skip
ODD = [
    record(200, title="  ", markdown=""),
    record(201, title="links", markdown=" ".join(f"[x](<{address}>)" for address in BAD_LINKS)),
    record(202, title="\x0b\x01 \ufffe", markdown="a\x0bb\x01 \ufffe &#0; &bogus; \u202e"),
    record(203, key="SKU é / 5", name="a thing", price=5),
    record(
        204, key="http://docs.test/p/1", title="twin", markdown="[![alt](http://x.test/i.png)](http://docs.test/p/1)"
    ),
    record(
        205, title="list", markdown='1. a\n2. b\n\n| l | r |\n|:--|--:|\n| 1 | 2 |\n\n```py"><b>\nx\n```\n\n# a\n\n# a'
    ),
]


@pytest.mark.parametrize("pages", [[*SITE, *ODD], []], ids=["odd pages", "no pages"])
async def test_a_book_is_what_epub_3_3_asks_for(pages: Sequence[StoredRecord]) -> None:
    body = await exported(pages, "epub")
    assert body[30:58] == b"mimetypeapplication/epub+zip", "first, stored, nothing between"
    packed = zipfile.ZipFile(io.BytesIO(body))
    assert packed.testzip() is None
    names = packed.namelist()
    assert len(names) == len(set(names)) and all(re.fullmatch(r"[A-Za-z0-9._/-]+", name) for name in names)
    trees = {name: etree.fromstring(packed.read(name), etree.XMLParser()) for name in names if name != "mimetype"}
    (root,) = trees["META-INF/container.xml"].xpath("//c:rootfile", namespaces=_NAMES)
    assert root.get("media-type") == "application/oebps-package+xml"
    items = _package(trees[root.get("full-path")])
    assert {f"EPUB/{href}" for href in items} == set(trees) - {root.get("full-path"), "META-INF/container.xml"}
    _navigation(trees["EPUB/nav.xhtml"], set(items) - {"nav.xhtml"})
    for href in items:
        _chapter(f"EPUB/{href}", trees)


def _package(package: Any) -> list[str]:
    """The addresses of the manifest."""
    said = package.xpath("//o:metadata", namespaces=_NAMES)[0]
    assert package.get("version") == "3.0"
    (identifier,) = said.xpath(f"dc:identifier[@id='{package.get('unique-identifier')}']", namespaces=_NAMES)
    assert identifier.text.startswith("urn:uuid:")
    for name in ("title", "language"):
        assert said.xpath(f"string(dc:{name})", namespaces=_NAMES).strip()
    (modified,) = said.xpath("o:meta[@property='dcterms:modified']", namespaces=_NAMES)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", modified.text)
    items = package.xpath("//o:item", namespaces=_NAMES)
    ids, hrefs = [item.get("id") for item in items], [item.get("href") for item in items]
    assert len(set(ids)) == len(ids) and len(set(hrefs)) == len(hrefs)
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", one) for one in ids), "NCName"
    assert {item.get("media-type") for item in items} == {"application/xhtml+xml"}
    assert [item.get("id") for item in items if item.get("properties") == "nav"] == ["nav"]
    spine = [item.get("idref") for item in package.xpath("//o:spine/o:itemref", namespaces=_NAMES)]
    assert sorted(spine) == sorted(set(ids) - {"nav"})
    return hrefs


def _navigation(tree: Any, chapters: set[str]) -> None:
    (nav,) = tree.xpath("//x:nav[@epub:type='toc']", namespaces=_NAMES)
    links = nav.xpath("x:ol/x:li/x:a", namespaces=_NAMES)
    assert {link.get("href") for link in links} == chapters and len(links) == len(chapters)
    assert all("".join(link.itertext()).strip() for link in links), "each says something"


def _chapter(name: str, trees: dict[str, Any]) -> None:
    tree = trees[name]
    assert tree.tag == f"{_X}html" and [child.tag for child in tree] == [f"{_X}head", f"{_X}body"]
    assert len(tree.xpath("//x:head/x:title", namespaces=_NAMES)) == 1
    assert not tree.xpath("//x:script | //x:img | //x:iframe | //@*[starts-with(name(), 'on')]", namespaces=_NAMES)
    ids = tree.xpath("//@id")
    assert len(set(ids)) == len(ids)
    assert not tree.xpath("//x:a//x:a", namespaces=_NAMES)
    for href in tree.xpath("//x:a/@href", namespaces=_NAMES):
        folder = name.rpartition("/")[0]
        assert href not in BAD_LINKS
        assert re.match(r"https?://[a-z0-9.-]+|(mailto|tel):.", href) or f"{folder}/{href}" in trees, (name, href)
