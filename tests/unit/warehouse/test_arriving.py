"""The data of a record stays the bytes that were published; whether they are JSON is judged as by who parses them."""

import json

import pytest

from schemas import codec
from schemas.delivery import Delivery
from schemas.errors import CodecError
from schemas.message import Message
from schemas.topics import CLEAN_RECORDS
from streams.warehouse.arriving import decode
from streams.warehouse.records import record_rows
from tests.fakes.native import rows_of
from tests.unit.warehouse.partitions import AT, batch

DATA = [
    b"{}", b'{"a":1}', b'{ "a" : [1, 2.50] , "a":3 }', b'{"a":"e9999 1e999,"}', b'{"a":1e308}', b'{"a":-1E+30}',
    '{"é":"😀\u2028"}'.encode(), b'{"a":"\\u0000\\ud83d\\ude00"}', b'{"a":' + b"9" * 40 + b"}",
    b"5", b"null", b"[]", b'"x"', b"", b"{", b'{"a":1e999}', b'{"a":1E+0999}', b'{"a":-1e9999 }', b'{"a":"\xff"}',
    b'{"\xed\xa0\x80":1}', b'{"a":"\\ud800"}', b'{"a":' + b"9" * 400 + b".5}", b'{"a":01}', b'{"a":NaN}',
    b'{"a":"\x01"}', b'{"a":[1,]}', b'{"a":{"b":1e400}}', b'{"a":1e-999}', b"{}},{", b"{},{}",
    b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
]  # fmt: skip


def message(data: bytes) -> bytes:
    """A batch whose second record has this data."""
    whole = codec.encode(batch("one", 3))
    return whole.replace(b'"data":{"n":1}', b'"data":' + data)


def verdict(read: object, value: bytes) -> str:
    try:
        read(CLEAN_RECORDS, value)  # type: ignore[operator]
    except CodecError as problem:
        return problem.code
    return ""


@pytest.mark.parametrize("data", DATA, ids=lambda data: repr(data[:30]))
def test_what_is_no_event_for_others_is_none_here(data: bytes) -> None:
    assert verdict(decode, message(data)) == verdict(codec.decode, message(data))


TYPED = {"a": "boolean", "b": "date", "é": "list"}
FIELDS = [
    b'{"a":true}', b'{"a":1,"a":false}', b'{"a":false,"a":"x"}', b'{"\\u0061":true}', b'{"b":"2026-01-01T00:00:00Z"}',
    b'{"b":"2026-01-01T00:00:00.5\\u002b01:00"}', b'{"b":"2026\\u002d01-01T00:00:00Z","a":null}',
    b'{"b":"9999-12-31T23:59:59Z"}', b'{"b":1767225600}', '{"é":["😀",""]}'.encode(),
    b'{"\\u00e9":["\\ud83d\\ude00","\\u0000"]}', '{"é":["x"],"é":[]}'.encode(), '{"é":["x",1]}'.encode(),
    '{ "é" : [ "x" ,\n"y" ] }'.encode(), '{"é":[[]],"a":{"a":true}}'.encode(), b'{"c":{"a":true},"b":[]}',
]  # fmt: skip


@pytest.mark.parametrize("data", [*DATA, *FIELDS], ids=lambda data: repr(data[:30]))
def test_typed_fields_are_what_who_parses_everything_would_read(data: bytes) -> None:
    """Of unread bytes the columns are those of values that were decoded and written anew."""
    value = message(data).replace(b'"typed":{}', b'"typed":' + json.dumps(TYPED).encode())
    if verdict(decode, value):
        return
    whole = codec.decode(CLEAN_RECORDS, value)
    told = [record_rows([Delivery(Message(CLEAN_RECORDS, 0, 0, None, each), decode(CLEAN_RECORDS, each))], AT)
            for each in (value, codec.encode(whole))]  # fmt: skip
    unread, anew = [[{**row, "data": ""} for row in rows_of(rows.body)] for rows in told]
    assert unread == anew
    said = whole.records[1].data.get("a")
    assert unread[1]["flags"] == ({"a": said} if isinstance(said, bool) else {})


def test_a_record_keeps_the_bytes_that_were_published() -> None:
    data = b'{"a": 1.50,"b":"\\u00e9"}'
    assert [bytes(record.data) for record in decode(CLEAN_RECORDS, message(data)).records][1] == data


def test_a_record_of_several_lines_becomes_one() -> None:
    """Whoever exports them writes one a line."""
    found = decode(CLEAN_RECORDS, message(b'{\r\n "a": ["x\\n y", 1.50],\n "b": {}\n}')).records
    assert bytes(found[1].data) == b'{"a":["x\\n y",1.50],"b":{}}' and json.loads(bytes(found[2].data)) == {"n": 2}
