"""Fingerprints under which texts that are nearly the same are nearly the same.

SimHash (Charikar 2002; Manku, Jain & Das Sarma, "Detecting Near-Duplicates for Web Crawling", WWW 2007, whose distance
of 3 in 64 bits this takes): each bit is the majority of that bit in the hashes of all three-word sequences. Only texts
over 200 characters have one: short ones resemble each other by nature.
"""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

Prints = npt.NDArray[np.uint64]

LONG = 200
DISTANCE = 3
_MOST = 2000
"""Words of a text that count."""

_words = re.compile(r"\w+").findall


def fingerprint(texts: Iterable[Any]) -> int:
    """64 bits of all long texts among the values together; 0 where there is none."""
    long = [one for one in texts if isinstance(one, str) and len(one) > LONG]
    words = [word for one in long for word in _words(one.casefold())[:_MOST]]
    if len(words) < 3:
        return 0
    sequences = [" ".join(words[at : at + 3]) for at in range(len(words) - 2)]
    hashes = np.array(
        [xxhash.xxh3_64_intdigest(one.encode("utf-8", "surrogatepass")) for one in sequences], dtype="<u8"
    )
    bits = np.unpackbits(hashes.view(np.uint8).reshape(-1, 8), axis=1)
    majority = np.packbits(bits.sum(axis=0) * 2 > len(hashes))
    return int(majority.view("<u8")[0])


def nearest(mine: int, others: Prints) -> int | None:
    """The first of the others within the distance; 0 is nobody's."""
    if not mine:
        return None
    apart = np.bitwise_count(others ^ np.uint64(mine))
    near = np.flatnonzero((apart <= DISTANCE) & (others != 0))
    return int(near[0]) if len(near) else None
