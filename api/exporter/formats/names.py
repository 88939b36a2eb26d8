"""Names of pages within a file, and which addresses lead to one of them: eight bytes are held for each page."""

import hashlib
from array import array
from bisect import bisect_left
from urllib.parse import urlsplit

from schemas.exports import plain
from schemas.hosts import UrlError
from schemas.urls import canonical


def is_address(key: str) -> bool:
    """Whether a record's key is the address of a page."""
    return key.startswith(("http://", "https://"))


def stem_of(key: str) -> str:
    """A page's name, made of its address alone, so that a link knows it too; a record's of its key."""
    try:
        words = plain(urlsplit(key).path if is_address(key) else key)
    except ValueError:  # it looks like an address, and is none
        words = plain(key)
    mark = hashlib.blake2b(key.encode(), digest_size=6).hexdigest()
    return f"{words}-{mark}" if words else mark


class Names:
    """Hands out names in the order of the keys; records of one key are neighbours there, and are numbered."""

    def __init__(self) -> None:
        self._key: str | None = None
        self._times = 0

    def next(self, key: str) -> str:
        """The name of the next record."""
        self._times = self._times + 1 if key == self._key else 1
        self._key = key
        stem = stem_of(key)
        return stem if self._times == 1 else f"{stem}-{self._times}"


class Known:
    """The pages of a file by their addresses."""

    def __init__(self) -> None:
        self._hashes: array[int] = array("Q")
        self._sorted = True

    def add(self, key: str) -> None:
        """A page that is in the file."""
        if is_address(key):
            self._hashes.append(_hash(key))
            self._sorted = False

    def stem(self, address: str) -> str | None:
        """The name of the page that an address leads to, if it is in the file."""
        if not self._sorted:
            self._hashes = array("Q", sorted(self._hashes))
            self._sorted = True
        try:
            key = canonical(address)
        except UrlError:
            return None
        sought = _hash(key)
        place = bisect_left(self._hashes, sought)
        return stem_of(key) if place < len(self._hashes) and self._hashes[place] == sought else None


def _hash(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")
