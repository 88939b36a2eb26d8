"""Which characters a page's bytes are."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.extraction.charset import decode

GERMAN = "<p>Grüße aus Köln, schöne Möbel für jeden Größenwunsch, völlig überzeugend geprüft</p>"
RUSSIAN = "<p>Быстрая коричневая лиса прыгает через ленивую собаку и бежит дальше в лес</p>"
JAPANESE = "<p>吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。</p>"


@pytest.mark.parametrize(
    ("body", "content_type", "text", "encoding"),
    [
        (codecs.BOM_UTF8 + GERMAN.encode(), "text/html; charset=iso-8859-1", GERMAN, "utf-8"),
        (codecs.BOM_UTF16_LE + GERMAN.encode("utf-16-le"), "text/html; charset=utf-8", GERMAN, "utf-16-le"),
        (GERMAN.encode("latin-1"), "text/html; charset=iso-8859-1", GERMAN, "cp1252"),
        (RUSSIAN.encode("koi8-r"), 'text/html;charset="koi8-r"', RUSSIAN, "koi8-r"),
        (b"<meta charset=windows-1251>" + RUSSIAN.encode("cp1251"), "text/html", None, "cp1251"),
        (
            b'<meta http-equiv=Content-Type content="text/html; charset=shift_jis">' + JAPANESE.encode("cp932"),
            "",
            None,
            "cp932",
        ),
        (b'<?xml version="1.0" encoding="euc-jp"?>' + JAPANESE.encode("euc-jp"), "application/xml", None, "euc_jp"),
        (b'<?xml version="1.0" encoding="utf-16"?>' + GERMAN.encode(), "text/xml", None, "utf-8"),
        (GERMAN.encode(), "text/html", GERMAN, "utf-8"),
        (JAPANESE.encode(), "", JAPANESE, "utf-8"),
        (GERMAN.encode("cp1252"), "text/html", GERMAN, "cp1252"),
        (RUSSIAN.encode("cp1251"), "text/html", RUSSIAN, "cp1251"),
        (b"\x80 5", "text/html; charset=iso-8859-1", "€ 5", "cp1252"),
        (b"plain", "text/html; charset=no-such-thing", "plain", "utf-8"),
    ],
)
def test_bom_then_header_then_page_then_detection(
    body: bytes, content_type: str, text: str | None, encoding: str
) -> None:
    decoded, found = decode(body, content_type)
    assert found == encoding
    assert "\ufffd" not in decoded
    if text is not None:
        assert decoded == text


@pytest.mark.parametrize("written_in", ["cp1252", "cp1251"])
def test_a_header_that_lies_counts_as_none(written_in: str) -> None:
    page = RUSSIAN if written_in == "cp1251" else GERMAN
    assert decode(page.encode(written_in), "text/html; charset=utf-8") == (page, written_in)


def test_a_single_bad_byte_is_not_a_lie() -> None:
    body = JAPANESE.encode() + b"\xff"
    assert decode(body, "text/html; charset=utf-8") == (JAPANESE + "\ufffd", "utf-8")


@given(st.binary(max_size=300), st.sampled_from(["", "text/html; charset=utf-8", "text/html; charset=utf-16", "\x00"]))
def test_any_bytes_decode_and_always_alike(body: bytes, content_type: str) -> None:
    assert decode(body, content_type) == decode(body, content_type)
