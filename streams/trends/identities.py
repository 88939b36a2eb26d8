"""Ids of events within arrays of floats: four numbers of 32 bits each, which a float holds exactly."""

import struct
from collections.abc import Sequence

from streams.trends.detector.state import Floats

NUMBERS = 4
_FOUR = struct.Struct(">4I")


def as_numbers(identity: str) -> Sequence[float]:
    """The id as numbers."""
    return _FOUR.unpack(bytes.fromhex(identity.replace("-", "")))


def as_identity(numbers: Floats) -> str:
    """What `as_numbers` was given."""
    found = _FOUR.pack(*(int(number) for number in numbers.tolist())).hex()
    return f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}"
