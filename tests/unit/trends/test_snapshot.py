import numpy as np
import pytest

from streams.trends.snapshot import SnapshotError, join, pack, split, unpack

NAMES = bytes(range(32))
ARRAYS = [np.arange(12.0).reshape(2, 3, 2), np.array([0.1, -0.0])]
SHAPES = [(3, 2), ()]


def test_what_was_packed_comes_back_to_the_bit() -> None:
    names, arrays = unpack(pack(NAMES, ARRAYS), 16, SHAPES)
    assert names == NAMES
    assert [array.tobytes() for array in arrays] == [array.tobytes() for array in ARRAYS]
    assert all(array.flags.writeable for array in arrays)


def test_blocks_are_joined_and_split() -> None:
    assert split(join([b"one", b"", b"three"])) == [(0, b"one"), (1, b""), (2, b"three")]
    assert split(b"") == []


def damaged(position: int) -> bytes:
    data = bytearray(pack(NAMES, ARRAYS))
    data[position] ^= 0x40
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "too short"),
        (b"PK\x03\x04 something else", "no snapshot"),
        (damaged(3), "layout 67"),
        (damaged(7), "claims"),
        (damaged(12), "damaged"),
        (damaged(-1), "damaged"),
        (pack(NAMES, ARRAYS)[:-9], "damaged"),
        (pack(NAMES[:16], ARRAYS), "bytes where"),
    ],
)
def test_what_cannot_be_read_is_said_with_advice(data: bytes, reason: str) -> None:
    advice = "run the one that wrote it" if "layout" in reason else "goes on where it stood, with an empty memory"
    with pytest.raises(SnapshotError, match=f"{reason}.*{advice}"):
        unpack(data, 16, SHAPES)


def test_a_container_cut_short_is_noticed() -> None:
    with pytest.raises(SnapshotError, match="too early"):
        split(join([b"block"])[:2])
    with pytest.raises(SnapshotError, match="too early"):
        split(join([b"block"])[:-1])
