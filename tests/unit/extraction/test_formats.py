"""What is no markup: told by what the host says, read within bounds, never an exception."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cleaning.cleaner import clean
from streams.extraction.contents import read_contents
from streams.extraction.document import Document, read
from streams.extraction.errors import UnreadableError
from streams.extraction.formats import tables
from streams.extraction.formats.json_body import MAX_DEPTH
from tests.unit.extraction.pages import ADDRESS, fetched, page
from tests.unit.extraction.test_answers import reader

SITE = "http://shop.example"


def body(text: str | bytes, media: str) -> Document:
    return page(text, media)


def refused(text: str | bytes, media: str) -> tuple[str, str]:
    with pytest.raises(UnreadableError) as caught:
        page(text, media)
    return caught.value.outcome, str(caught.value)


def records(text: str | bytes, media: str, **job: Any) -> list[dict[str, Any]]:
    contents = read_contents(fetched(text, media), reader(**job))
    return [record for batch in contents.batches for record in batch.records]


# which format


@pytest.mark.parametrize(
    ("media", "path", "text", "kind"),
    [
        ("application/json; charset=utf-8", "/a", "{}", "json"),
        ("application/ld+json", "/a", "{}", "json"),
        ("application/vnd.api+json", "/a.csv", "{}", "json"),
        ("application/x-ndjson", "/a", "{}\n{}", "json"),
        ("text/csv", "/a", "a,b\n1,2", "csv"),
        ("text/tab-separated-values", "/a", "a\tb", "csv"),
        ("text/plain", "/a", "{}", "text"),
        ("text/plain", "/a/data.JSON?x=1", "{}", "json"),
        ("text/plain", "/table.csv", "a,b", "csv"),
        ("application/octet-stream", "/rows.jsonl", "{}", "json"),
        ("", "/x", '  {"a": 1}', "json"),
        ("", "/x.csv", "a;b", "csv"),
        ("", "/x.json", "<html>not found", "html"),
        ("text/html", "/x.json", "{}", "html"),
    ],
)
def test_the_format_is_what_the_host_says_else_what_the_address_says(
    media: str, path: str, text: str, kind: str
) -> None:
    document = read(fetched(text, media, url=SITE + path))
    assert document.kind == kind
    assert document.base == SITE + path and document.selector.css("a") == []


@pytest.mark.parametrize("media", ["image/png", "text/css", "application/javascript", "application/octet-stream", "x"])
def test_what_is_not_read_is_said(media: str) -> None:
    outcome, sentence = refused("<p>x", media)
    assert outcome == "bad_content_type" and media in sentence and "CSV" in sentence
    assert refused(b"\x00\x01\x02", "")[0] == "bad_content_type"


# JSON


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 2.5, "x", true, null]}', {"a": [1, 2.5, "x", True, None]}),
        ('{"id": 123456789012345678901234567890}', {"id": "123456789012345678901234567890"}),
        ('[18446744073709551615, 18446744073709551616, -9223372036854775809]',
         [18446744073709551615, "18446744073709551616", "-9223372036854775809"]),
        ('"half \\ud83d pair, whole \\ud83d\\ude00, low \\udc00"', "half \ufffd pair, whole 😀, low \ufffd"),
        ('"a\\u0000b \\\\u0000"', "ab \\u0000"),
        ('\ufeff{"a": "<meta charset=latin-1> é"}', {"a": "<meta charset=latin-1> é"}),
        ("0.1234567890123456789012", 0.1234567890123456789012),
        ("1e-999", 0.0),
    ],
)  # fmt: skip
def test_json_is_what_it_says(text: str, value: Any) -> None:
    document = body(text, "application/json")
    assert document.data == value and document.notes == []
    assert json.loads(msgspec.json.encode(document.data)) == value


@pytest.mark.parametrize("text", ['{"a": NaN, "b": 1}', '{"a": -Infinity, "b": 1}', '{"a": 1e999, "b": 1}'])
def test_numbers_that_json_has_not_are_left_out_and_noted(text: str) -> None:
    document = body(text, "application/json")
    assert document.data == {"a": None, "b": 1}
    assert document.notes and "Numbers that JSON does not have were left out" in document.notes[0]


@pytest.mark.parametrize(
    "text", ["", "  ", "{", '{"a": }', "[1,]", "<html>", "nothing", "NaN x", '"\\ud83d', "9" * 5000 + "x"]
)
def test_malformed_json_is_an_outcome(text: str) -> None:
    outcome, sentence = refused(text, "application/json")
    assert outcome == "extract_failed" and sentence.startswith("The page is not JSON: ")


@pytest.mark.parametrize("deep", [MAX_DEPTH + 1, 5_000, 100_000, 5_000_000])
@pytest.mark.parametrize("number", ["1", "NaN"])
def test_json_that_nests_without_end_is_an_outcome(deep: int, number: str) -> None:
    outcome, sentence = refused("[" * deep + number + "]" * deep, "application/json")
    assert (outcome, "nests deeper than 254 levels" in sentence) == ("extract_failed", True)


def test_json_nested_as_deep_as_allowed_becomes_a_record() -> None:
    deep = MAX_DEPTH - 1
    (record,) = records('{"a":' * deep + "1" + "}" * deep, "application/json")
    assert set(record) == {"a", "url"}


def test_huge_integers_do_not_take_long() -> None:
    assert body("9" * 1_000_000, "application/json").data == "9" * 1_000_000


def test_lines_of_json_are_a_list_and_a_bad_one_is_named() -> None:
    assert body('{"a":1}\r\n\n{"a":2}\n', "application/x-ndjson").data == [{"a": 1}, {"a": 2}]
    outcome, sentence = refused('{"a":1}\n{"a"\n', "application/x-ndjson")
    assert outcome == "extract_failed" and sentence.startswith("Line 2: The page is not JSON: ")


# tables


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("name,price\nA,1\nB,2\n", [{"name": "A", "price": "1"}, {"name": "B", "price": "2"}]),
        ('name;note\r\nA;"x, y; ""z""\nnext"\r\n', [{"name": "A", "note": 'x, y; "z"\nnext'}]),
        ("a\tb\n1\t2", [{"a": "1", "b": "2"}]),
        ('"a,b"|c\n1|2', [{"a,b": "1", "c": "2"}]),
        ("\ufeff\na,,a\n1,2,3,4\n5\n,,\n", [{"a": "1", "column_2": "2", "a_2": "3", "column_4": "4"}, {"a": "5"}]),
        ("only\nx\n", [{"only": "x"}]),
        ("", []),
        ("a,b\n", []),
    ],
)
def test_rows_by_the_names_of_their_columns(text: str, rows: list[dict[str, str]]) -> None:
    assert body(text, "text/csv").data == rows


def test_tables_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused("a\n" + "x" * 200_000, "text/csv")[1].startswith("The table cannot be read at line 2: field larger")
    assert "has 2000 columns" in refused("a\n" + "x," * 1999, "text/csv")[1]
    assert "has 2001 columns" in refused("x," * 2000, "text/csv")[1]
    monkeypatch.setattr(tables, "MAX_ROWS", 3)
    document = body("a\n" + "x\n" * 4, "text/csv")
    assert len(document.data) == 3 and document.notes == ["The table has more than 3 rows; the rest was left out."]


# records without rules


def test_a_list_of_objects_gives_a_record_each_and_everything_else_one() -> None:
    listed = records('[{"id": 1, "url": "/p/1"}, {"id": 2, "url": null}]', "application/json")
    assert listed == [{"id": 1, "url": "/p/1"}, {"id": 2, "url": ADDRESS}]
    assert records('{"a": {"b": [1]}}', "application/json") == [{"a": {"b": [1]}, "url": ADDRESS}]
    assert records('[1, {"a": 1}]', "application/json") == [{"url": ADDRESS, "value": [1, {"a": 1}]}]
    assert records("7", "application/json") == [{"url": ADDRESS, "value": 7}]
    assert records("[]", "application/json") == []
    assert records("name,price\nA,1\n", "text/csv") == [{"name": "A", "price": "1", "url": ADDRESS}]
    assert records(" two\nlines ", "text/plain") == [{"url": ADDRESS, "text": "two\nlines"}]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('[{"id": 1, "name": "x"}, {"id": 2, "name": "x"}]', ["1", "2"]),
        ('[{"id": 1, "name": "x"}, {"id": 1, "name": "y"}]', ["x", "y"]),
        ('[{"a": 1, "b": 2}, {"a": 1, "b": 3}]', ["1|2", "1|3"]),
        ('{"id": 1}', [ADDRESS]),
    ],
)
def test_records_of_a_page_are_told_apart_and_keep_their_numbers(text: str, keys: list[str]) -> None:
    contents = read_contents(fetched(text, "application/json"), reader())
    cleaned = [record for batch in contents.batches for record in clean(batch).batch.records]
    assert [record.key for record in cleaned] == keys
    given = json.loads(text)
    for record, one in zip(cleaned, given if isinstance(given, list) else [given], strict=True):
        assert record.data == {**one, "url": ADDRESS}


def test_the_jobs_own_key_counts() -> None:
    job = {"extract": {"key": "name"}}
    (batch,) = read_contents(fetched('[{"id": 1, "name": "x"}]', "application/json"), reader(**job)).batches
    assert [record.key for record in clean(batch).batch.records] == ["x"]


def test_rules_find_what_is_in_json() -> None:
    job = {"extract": {"items_jsonpath": "$.items[*]", "fields": {"name": {"jsonpath": "$.name"}}}}
    found = records('{"items": [{"name": "A"}, {"name": "B"}]}', "application/json", **job)
    assert [record["name"] for record in found] == ["A", "B"]


@given(
    st.one_of(st.binary(max_size=300), st.text(alphabet='{}[]":,\\ud8c0e19.-NaN\n;|\t', max_size=200).map(str.encode)),
    st.sampled_from(["application/json", "application/x-ndjson", "text/csv", "text/plain", "application/pdf"]),
)
def test_any_bytes_are_records_or_an_outcome_and_always_the_same(raw: bytes, media: str) -> None:
    def told() -> object:
        try:
            return msgspec.json.encode(read_contents(fetched(raw, media), reader()).batches)
        except UnreadableError as problem:
            assert str(problem)
            return problem.outcome

    assert told() == told()
