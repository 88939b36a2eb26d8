"""Messages that their producer sent twice."""

from collections import deque

from api.ports.live import Place

REMEMBERED = 256
"""Messages of a partition among which a repeat is recognised: a producer that is not sure repeats at once."""


class Repeats:
    """Remembers the last messages of each place. What it says follows from the log alone, so every replica says the
    same of the same message."""

    def __init__(self) -> None:
        self._places: dict[Place, tuple[deque[tuple[int, str]], set[str]]] = {}

    def seen(self, place: Place, offset: int, identity: str) -> bool:
        """Whether one of the last messages had the same id; remembers this one."""
        order, known = self._places.setdefault(place, (deque(), set()))
        while order and order[0][0] < offset - REMEMBERED:
            known.discard(order.popleft()[1])
        if identity in known:
            return True
        order.append((offset, identity))
        known.add(identity)
        return False

    def forget(self, topic: str) -> None:
        """The topic is another one now."""
        for place in [place for place in self._places if place[0] == topic]:
            del self._places[place]
