"""How many requests may be under way: who is let in is answered soon, the others are told at once to come later.

By Little's law (1961) a request is answered after `under way / answered a second` on average, whatever else is true of
the machine. A fixed number is therefore too many on a slow one and too few on a fast one.
"""

import math
from dataclasses import dataclass

TARGET_S = 0.2
"""Of an answer, on average, while too many ask; one of many steps may take more than twice as long."""
LEAST = 32
"""So many are always let in: what they wait for may be a store and not this process."""
_PATIENCE_S = 0.3
_CROWDED_S = 1.0
_YOUNG_S = 1.0
_WINDOW_S = 0.5
_WEIGHT = 0.3
_LATEST_S = 8


@dataclass(slots=True, eq=False)
class Ticket:
    """A request that was let in. It is `young` for a second: whoever stays longer waits for something on purpose (a
    run's end, a file) or reads slowly, and is not in line."""

    began: float
    young: bool = True


class Admission:
    """Keeps the line short: of young requests as many as are answered in `target` seconds, of all together `room`.
    Many at once are no crowd yet (as in CoDel, RFC 8289): only a line that does not become shorter for `_PATIENCE_S`
    is bounded, until nobody was refused for `_CROWDED_S`. What the machine can do is learnt from what it does while
    there is a line. Times are seconds of any steady clock."""

    def __init__(self, room: int, target: float = TARGET_S, least: int = LEAST) -> None:
        self._room = room
        self._target = target
        self._least = least
        self._young: dict[Ticket, None] = {}
        self._old = 0
        self._rate = 0.0
        self._pressure = 0.0
        self._window = self._short_at = self._crowded_at = -math.inf
        self._done = self._refused = self._longest = 0

    @property
    def line(self) -> int:
        """How many young requests may be under way."""
        return max(self._least, int(self._rate * self._target))

    def enter(self, now: float) -> Ticket | None:
        """A place for a request, or None when there is none."""
        self._look(now)
        if len(self._young) < self.line:
            self._short_at = now
        elif now - self._short_at > _PATIENCE_S or now - self._crowded_at < _CROWDED_S:
            self._crowded_at = now
            self._refused += 1
            return None
        if len(self._young) + self._old >= self._room:
            self._refused += 1
            return None
        ticket = Ticket(now)
        self._young[ticket] = None
        self._longest = max(self._longest, len(self._young))
        return ticket

    def leave(self, ticket: Ticket, now: float) -> None:
        """Gives the place back."""
        self._done += 1
        if ticket.young:
            del self._young[ticket]
        else:
            self._old -= 1
        self._look(now)

    def retry_after(self) -> int:
        """Whole seconds until whoever was refused last should come back: as far apart as are refused for one that is
        answered, so that they do not come back all at once."""
        return 1 + self._refused % max(1, min(_LATEST_S, math.ceil(self._pressure)))

    def _look(self, now: float) -> None:
        while self._young and (ticket := next(iter(self._young))).began < now - _YOUNG_S:
            del self._young[ticket]
            ticket.young = False
            self._old += 1
        passed = now - self._window
        if passed < _WINDOW_S:
            return
        if passed < 2 * _WINDOW_S:
            self._learn(self._done / passed)
        self._window, self._done, self._refused, self._longest = now, 0, 0, len(self._young)

    def _learn(self, rate: float) -> None:
        in_line = self._refused > 0 or self._longest > self.line / 2
        self._rate = self._rate + _WEIGHT * (rate - self._rate) if in_line else max(self._rate, rate)
        self._pressure += _WEIGHT * (self._refused / max(1, self._done) - self._pressure)
