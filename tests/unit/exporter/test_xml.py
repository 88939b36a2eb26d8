"""XML that every reader takes and from which everything comes back."""

from typing import Any

import orjson
import pytest
from lxml import etree

from tests.unit.exporter.records import MOMENT, exported, record


async def tree_of(**data: Any) -> Any:
    return etree.fromstring(await exported([record(1, **data)], "xml"), etree.XMLParser(huge_tree=False))


def value_of(element: Any) -> Any:
    """As docs/exports.md has it."""
    kind, text = element.get("type"), element.text or ""
    if kind == "list":
        return [value_of(one) for one in element]
    if kind == "object":
        return fields_of(element)
    return text if kind is None else None if kind == "null" else orjson.loads(text)


def fields_of(element: Any) -> dict[str, Any]:
    return {one.get("name") if one.get("name") is not None else one.tag: value_of(one) for one in element}


async def test_everything_comes_back() -> None:
    data = {"title": "a < b & c > d", "price": 9.5, "count": 3, "yes": True, "none": None, "tags": ["x", "", ["y"]],
            "deep": {"a b": {"c": 1}, "item": "i", "field": "f"}, "lines": "a\r\nb\rc\n\td ", "empty": "",
            "of nothing": [], "{}": {}}  # fmt: skip
    tree = await tree_of(**data)
    (one,) = tree
    assert fields_of(one) == {"url": "http://docs.test/p/1", **data}
    assert one.attrib == {"id": one.get("id"), "key": "http://docs.test/p/1", "url": "http://docs.test/p/1",
                          "fetched_at": MOMENT.strftime("%Y-%m-%dT%H:%M:%S.000Z")}  # fmt: skip
    assert (tree.tag, tree.get("dataset")) == ("export", "docs")


@pytest.mark.parametrize("name", ["a b", "1st", "", "xmlns", "XML-thing", "a:b", "é", "<x>", '"', "a\nb", "-a", "name"])
async def test_a_name_that_no_element_may_have_is_an_attribute(name: str) -> None:
    (one,) = await tree_of(**{name: "v"})
    element = one[-1]
    assert fields_of(one)[name] == "v"
    assert element.tag == ("name" if name == "name" else "field")


@pytest.mark.parametrize("character", ["\x01", "\x0b", "\x1f", "\ufffe", "\uffff"])
async def test_what_xml_cannot_hold_is_replaced_wherever_it_stands(character: str) -> None:
    (one,) = await tree_of(**{"text": f"a{character}b", f"na{character}me": "v", "deep": [{character: character}]})
    assert fields_of(one) | {"url": ""} == {"url": "", "text": "a\ufffdb", "na\ufffdme": "v",
                                           "deep": [{"\ufffd": "\ufffd"}]}  # fmt: skip


async def test_what_is_nested_too_deep_is_json() -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    (one,) = await tree_of(deep=deep)
    assert fields_of(one)["deep"] == deep
    assert max(len(list(element.iterancestors())) for element in one.iter()) < 40


async def test_it_is_written_record_by_record() -> None:
    whole = etree.fromstring(await exported([record(number, title="t") for number in range(5)], "xml"))
    assert [one.get("key") for one in whole] == [f"http://docs.test/p/{number}" for number in range(5)]
    assert len(etree.fromstring(await exported([], "xml"))) == 0
