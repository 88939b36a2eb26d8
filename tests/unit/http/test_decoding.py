"""Decompression with a bound, however the bytes arrive."""

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.http.decoding import Body, codings_of
from infra.http.exceptions import BodyTooLarge, BodyUndecodable


def raw_deflate(data: bytes) -> bytes:
    made = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return made.compress(data) + made.flush()


def decoded(data: bytes, codings: list[str], limit: int = 10**7, step: int = 10**9) -> bytes:
    body = Body(codings, limit)
    for start in range(0, len(data), step):
        body.feed(data[start : start + step])
    return body.finish()


@given(st.binary(max_size=3000), st.integers(1, 50), st.lists(st.sampled_from(["gzip", "deflate"]), max_size=4))
def test_every_stack_comes_out_as_it_went_in_whatever_the_pieces(data: bytes, step: int, codings: list[str]) -> None:
    made = data
    for coding in codings:
        made = gzip.compress(made) if coding == "gzip" else zlib.compress(made)
    assert decoded(made, codings, step=step) == data


@given(st.binary(min_size=1, max_size=2000), st.integers(1, 9))
def test_raw_deflate_is_told_from_zlibs(data: bytes, step: int) -> None:
    assert decoded(raw_deflate(data), ["deflate"], step=step) == data


@given(st.binary(min_size=20, max_size=500), st.sampled_from(["gzip", "deflate"]), st.data())
def test_whatever_is_cut_is_never_whole(data: bytes, coding: str, draw: st.DataObject) -> None:
    made = gzip.compress(data) if coding == "gzip" else zlib.compress(data)
    cut = draw.draw(st.integers(1, len(made) - 1))
    with pytest.raises(BodyUndecodable):
        decoded(made[:cut], [coding])


def test_no_bytes_are_an_empty_body_under_any_coding() -> None:
    assert decoded(b"", ["gzip"]) == b""


def test_members_and_padding() -> None:
    made = gzip.compress(b"one ") + gzip.compress(b"two") + b"\0" * 30
    assert decoded(made, ["gzip"]) == b"one two"
    assert decoded(made, ["gzip"], step=1) == b"one two"
    assert decoded(zlib.compress(b"one") + b"rubbish", ["deflate"], step=1) == b"one"


@pytest.mark.parametrize("codings", [["br"], ["zstd"], ["gzip", "compress"], ["gzip"] * 5])
def test_what_was_not_asked_for_is_not_guessed(codings: list[str]) -> None:
    with pytest.raises(BodyUndecodable):
        decoded(b"something", codings)


def test_a_page_of_exactly_the_limit_passes_and_one_byte_more_does_not() -> None:
    assert decoded(gzip.compress(bytes(1000)), ["gzip"], limit=1000) == bytes(1000)
    assert decoded(bytes(1000), [], limit=1000) == bytes(1000)
    with pytest.raises(BodyTooLarge):
        decoded(gzip.compress(bytes(1001)), ["gzip"], limit=1000)
    with pytest.raises(BodyTooLarge):
        decoded(bytes(1001), [], limit=1000)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_bomb_costs_little_memory(layers: int) -> None:
    made = bytes(100_000_000)
    for _ in range(layers):
        made = gzip.compress(made, 1)
    tracemalloc.start()
    with pytest.raises(BodyTooLarge):
        decoded(made, ["gzip"] * layers, limit=1_000_000, step=65_536)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


def test_a_layer_between_is_bounded_too() -> None:
    """A huge run of empty members decompresses to nothing: the size in the middle is what would hurt."""
    inner = gzip.compress(b"") * 100_000
    with pytest.raises(BodyTooLarge):
        decoded(gzip.compress(inner), ["gzip", "gzip"], limit=1_000)
    with pytest.raises(BodyUndecodable, match="members"):
        decoded(inner, ["gzip"])


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], []), ([""], []), (["identity"], []), (["GZIP"], ["gzip"]), (["x-gzip"], ["gzip"]),
     (["deflate, gzip"], ["deflate", "gzip"]), (["deflate", "gzip"], ["deflate", "gzip"]), ([" , gzip,"], ["gzip"])],
)  # fmt: skip
def test_content_encoding_headers(values: list[str], expected: list[str]) -> None:
    assert codings_of(values) == expected
