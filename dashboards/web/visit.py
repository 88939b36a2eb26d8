"""A visit that was let in."""

from dataclasses import dataclass


@dataclass(slots=True, eq=False, weakref_slot=True)
class Visit:
    """Who looks, by the sign-in at the gateway that let them in, and until when (epoch seconds).

    `nonce` is what the page's own scripts carry. `ended` is set when that sign-in does not count any more. A visit of
    nobody's is over before it began.
    """

    session_id: str = ""
    role: str = ""
    until: float = 0.0
    nonce: str = ""
    ended: bool = False

    def over(self, now: float) -> bool:
        """Whether nothing more may be shown."""
        return self.ended or now >= self.until
