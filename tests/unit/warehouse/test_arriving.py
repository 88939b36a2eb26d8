"""The data of a record stays the bytes that were published; whether they are JSON is judged as by who parses them."""

import json

import pytest

from schemas import codec
from schemas.errors import CodecError
from schemas.topics import CLEAN_RECORDS
from streams.warehouse.arriving import decode
from tests.unit.warehouse.partitions import batch

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


def test_a_record_keeps_the_bytes_that_were_published() -> None:
    data = b'{"a": 1.50,"b":"\\u00e9"}'
    assert [bytes(record.data) for record in decode(CLEAN_RECORDS, message(data)).records][1] == data


def test_a_record_of_several_lines_becomes_one() -> None:
    """Whoever exports them writes one a line."""
    found = decode(CLEAN_RECORDS, message(b'{\r\n "a": ["x\\n y", 1.50],\n "b": {}\n}')).records
    assert bytes(found[1].data) == b'{"a":["x\\n y",1.50],"b":{}}' and json.loads(bytes(found[2].data)) == {"n": 2}
