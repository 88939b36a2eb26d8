"""Random choices that are the same on every machine and in every version of Python."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

_WORD = 8
_SCALE = float(1 << 53)


class Draw:
    """A stream of choices that depends on its key and on nothing else.

    `random.Random` promises the sequence of `random()` across versions, but not that of `choice` or `sample`. The
    demo's truth must not move with the interpreter, so the bits come from BLAKE2b and the rest is spelled out here.
    """

    def __init__(self, *key: object) -> None:
        self._key = "\x1f".join(map(str, key)).encode()
        self._block = 0
        self._bits = b""

    def _word(self) -> int:
        if not self._bits:
            self._bits = blake2b(self._key, salt=self._block.to_bytes(16, "big")).digest()
            self._block += 1
        word, self._bits = self._bits[:_WORD], self._bits[_WORD:]
        return int.from_bytes(word, "big")

    def unit(self) -> float:
        """A number in [0, 1)."""
        return (self._word() >> 11) / _SCALE

    def between(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + (high - low) * self.unit()

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + self._word() % (high - low + 1)

    def pick(self, items: Sequence[T]) -> T:
        """One of `items`, all equally likely; IndexError when there are none."""
        return items[self._word() % len(items)] if items else items[0]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """`count` different places of `items` in random order; all of them when there are fewer."""
        pool = list(items)
        for place in range(min(count, len(pool))):
            other = self.whole(place, len(pool) - 1)
            pool[place], pool[other] = pool[other], pool[place]
        return pool[:count]
