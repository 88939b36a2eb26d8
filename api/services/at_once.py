"""Requests that are held open while something is made for them: so many at once, and so many of one caller, who would
otherwise keep everybody else out."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class AtOnce:
    """At most `in_all` at once, of which one caller's are at most `each`."""

    def __init__(self, in_all: int, each: int) -> None:
        self._in_all = in_all
        self._each = each
        self._held: Counter[str] = Counter()

    def left(self) -> int:
        """How many more may be held open, whosever they are."""
        return self._in_all - self._held.total()

    def left_for(self, user_id: str) -> int:
        """How many more this caller's may be."""
        return min(self.left(), self._each - self._held[user_id])

    @contextmanager
    def holding(self, user_id: str) -> Iterator[None]:
        """One of this caller's is held open; whoever does so has looked whether there is one left."""
        self._held[user_id] += 1
        try:
            yield
        finally:
            self._held[user_id] -= 1
            self._held += Counter()  # leaves out who holds nothing
