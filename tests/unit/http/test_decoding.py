"""Decompression with a bound, however the bytes arrive."""

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import cramjam
import pytest
import zstandard
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


MAKE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: bytes(cramjam.brotli.compress(data)),
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
}


@given(st.binary(max_size=3000), st.integers(1, 50), st.lists(st.sampled_from(sorted(MAKE)), max_size=4))
def test_every_stack_comes_out_as_it_went_in_whatever_the_pieces(data: bytes, step: int, codings: list[str]) -> None:
    made = data
    for coding in codings:
        made = MAKE[coding](made)
    assert decoded(made, codings, step=step) == data


@given(st.binary(min_size=1, max_size=2000), st.integers(1, 9))
def test_raw_deflate_is_told_from_zlibs(data: bytes, step: int) -> None:
    assert decoded(raw_deflate(data), ["deflate"], step=step) == data


@given(st.binary(min_size=20, max_size=500), st.sampled_from(sorted(MAKE)), st.data())
def test_whatever_is_cut_is_never_whole(data: bytes, coding: str, draw: st.DataObject) -> None:
    made = MAKE[coding](data)
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
    frames = MAKE["zstd"](b"one ") + MAKE["zstd"](b"two")
    assert decoded(frames + b"\0" * 30, ["zstd"]) == decoded(frames, ["zstd"], step=1) == b"one two"


def test_a_wrong_checksum_is_seen_where_the_coding_has_one() -> None:
    for coding in ("gzip", "deflate", "zstd"):
        made = bytearray(MAKE[coding](b"a page " * 100))
        made[-6 if coding == "gzip" else -1] ^= 0xFF
        with pytest.raises(BodyUndecodable):
            decoded(bytes(made), [coding])


def test_a_zstd_window_beyond_what_clients_must_take_is_refused() -> None:
    wide = zstandard.ZstdCompressor(compression_params=zstandard.ZstdCompressionParameters(window_log=24))
    made = wide.compressobj()
    data = made.compress(bytes(range(256)) * 100_000) + made.flush()
    with pytest.raises(BodyUndecodable):
        decoded(data, ["zstd"], limit=10**8)


def test_the_beginning_of_a_large_body_comes_out_of_every_coding_that_can_be_read_in_part() -> None:
    for coding, make in MAKE.items():
        body = Body([coding], 1000)
        with pytest.raises(BodyTooLarge):
            body.feed(make(bytes(5000)))
            body.finish()
        assert body.beginning() == bytes(1000), coding
    half = Body(["br"], 10)
    half.feed(MAKE["br"](b"abc")[:3])
    with pytest.raises(BodyUndecodable):
        half.beginning()


@pytest.mark.parametrize("codings", [["lzma"], ["gzip", "compress"], ["gzip"] * 5])
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


@pytest.mark.parametrize("codings", [["gzip"], ["br"], ["zstd"], ["gzip"] * 3, ["br", "zstd"]])
def test_a_bomb_costs_little_memory(codings: list[str]) -> None:
    made = bytes(100_000_000)
    for coding in codings:
        made = MAKE[coding](made)
    tracemalloc.start()
    with pytest.raises(BodyTooLarge):
        decoded(made, codings, limit=1_000_000, step=65_536)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12_000_000


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
