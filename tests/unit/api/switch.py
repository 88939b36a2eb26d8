"""Taking a fake store away, as an outage does."""

from dataclasses import dataclass


class StoreAway(Exception):
    """What the fakes raise when a test takes their store away."""


@dataclass
class Switch:
    """Takes a store away and gives it back."""

    away: bool = False

    def check(self) -> None:
        if self.away:
            raise StoreAway("a test took the store away")
