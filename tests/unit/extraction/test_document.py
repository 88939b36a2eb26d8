"""From a fetched body to one tree."""

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import replace

from streams.extraction.document import MAX_BODY, read
from streams.extraction.errors import UnreadableError
from tests.unit.extraction.pages import ADDRESS, fetched, page


@pytest.mark.parametrize(
    ("content_type", "body", "kind"),
    [
        ("text/html", "<p>x", "html"),
        ("TEXT/HTML ; Charset=UTF-8", "<p>x", "html"),
        ("application/xhtml+xml", "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>", "html"),
        ("application/rss+xml", "<rss/>", "xml"),
        ("text/xml", "<a/>", "xml"),
        ("", "  <!doctype html><p>x", "html"),
        ("", "", "html"),
        (None, "<?xml version='1.0'?><feed/>", "xml"),
        (None, "\ufeff<p>x", "html"),
    ],
)
def test_the_kind_follows_the_content_type_and_is_guessed_only_without_one(
    content_type: str | None, body: str, kind: str
) -> None:
    assert page(body, content_type).kind == kind


@pytest.mark.parametrize("content_type", ["video/mp4", "image/png", "text/css", "x"])
def test_other_types_are_an_outcome(content_type: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        page("<p>x", content_type)
    assert caught.value.outcome == "bad_content_type"
    assert content_type in str(caught.value)


def test_bytes_without_a_type_that_are_no_markup_are_an_outcome() -> None:
    with pytest.raises(UnreadableError) as caught:
        page(b"\x89PNG\r\n", None)
    assert caught.value.outcome == "bad_content_type"


def test_a_damaged_body_is_an_outcome() -> None:
    whole = fetched("<p>x" * 1000)
    with pytest.raises(UnreadableError) as caught:
        read(replace(whole, body=whole.body[:-5] + b"\x00\x01\x02\x03\x04"))
    assert caught.value.outcome == "decode_failed"
    with pytest.raises(UnreadableError) as caught:
        read(replace(whole, body=b"not zstd"))
    assert caught.value.outcome == "decode_failed"


@pytest.mark.parametrize("says_its_size", [True, False])
def test_a_bomb_is_refused_before_it_unfolds(says_its_size: bool) -> None:
    packed = zstandard.ZstdCompressor(write_content_size=says_its_size)
    with pytest.raises(UnreadableError) as caught:
        read(replace(fetched(""), body=packed.compress(b"\x00" * (MAX_BODY + 1))))
    assert caught.value.outcome == "too_large"


def test_an_empty_page_is_a_page() -> None:
    for body in ("", "   ", "\x00\x00", "<!-- nothing -->"):
        assert "".join(page(body).root.itertext()).strip() in ("", " nothing ")


def test_nul_bytes_do_not_cut_the_page() -> None:
    assert page(b"<p>a\x00b</p>").root.findtext(".//p") == "ab"


def test_the_selector_is_parsels_over_the_same_tree() -> None:
    document = page("<h1>One</h1>")
    assert document.selector.css("h1::text").get() == "One"
    assert document.selector.root is document.root


@pytest.mark.parametrize(
    ("head", "base"),
    [
        ("", ADDRESS),
        ("<base href='/other/'>", "http://shop.example/other/"),
        ("<base target=_top><base href='up/'><base href='/late/'>", "http://shop.example/list/up/"),
        ("<base href='javascript:1'>", ADDRESS),
    ],
)
def test_base_is_the_first_usable_one(head: str, base: str) -> None:
    assert page(f"<head>{head}</head>").base == base


def test_xml_has_no_prefixes_and_no_namespaces() -> None:
    body = "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:m='urn:m'><entry><m:price>3</m:price></entry></feed>"
    document = page(body, "application/atom+xml")
    assert document.root.findtext("entry/price") == "3"


def test_entities_are_neither_expanded_nor_loaded() -> None:
    body = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>[&x;]</a>'
    document = page(body, "text/xml")
    assert b"&x;" in etree.tostring(document.root)


def test_an_entity_bomb_is_an_outcome_or_stays_small() -> None:
    steps = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 20 if n else "a" * 1000}">' for n in range(10))
    with pytest.raises(UnreadableError) as caught:
        page(f'<!DOCTYPE a [{steps}]><a x="&e9;">&e9;</a>', "text/xml")
    assert caught.value.outcome == "extract_failed"


def test_xml_that_is_none_is_an_outcome() -> None:
    with pytest.raises(UnreadableError) as caught:
        page("no markup at all", "application/xml")
    assert caught.value.outcome == "extract_failed"


@given(st.binary(max_size=2000), st.sampled_from(["text/html", "text/xml", None]))
def test_any_bytes_are_a_document_or_an_outcome_and_always_the_same(body: bytes, content_type: str | None) -> None:
    def outcome() -> object:
        try:
            return etree.tostring(page(body, content_type).root)
        except UnreadableError as problem:
            return problem.outcome

    assert outcome() == outcome()
