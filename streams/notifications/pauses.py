"""How long to wait before another try, and when to stop: pure, the chance is an argument."""

from typing import Final

MAIL_GIVEN_UP_S: Final = 86_400.0
"""A day: what could not be sent by then is of no use any more."""

WEBHOOK_PAUSES_S: Final = (5.0, 60.0, 600.0, 3600.0, 10_800.0, 36_000.0, 86_400.0)
"""Eight tries over two days and a half, in the spirit of Standard Webhooks' table."""

_REST_S: Final = 5.0
_MOST_REST_S: Final = 600.0


def mail_pause(tries: int, chance: float) -> float:
    """Seconds after the `tries`-th failure (from 1): doubling from 10 s to an hour, spread by `chance` (0–1) over
    half to one and a half of that, so that mails do not all come back at once."""
    return float(min(10.0 * 2 ** min(tries - 1, 20), 3600.0) * (0.5 + chance))


def webhook_pause(tries: int, chance: float) -> float | None:
    """Seconds after the `tries`-th failure, give or take a tenth; None: that was the last."""
    if tries > len(WEBHOOK_PAUSES_S):
        return None
    return WEBHOOK_PAUSES_S[tries - 1] * (0.9 + 0.2 * chance)


def endpoint_rest(failures: int, chance: float) -> float:
    """Seconds for which an endpoint is left alone after its `failures`-th failure in a row: doubling from 5 s to ten
    minutes, spread by a tenth. One that never answers so costs its sender 15 s of one place every ten minutes."""
    return float(min(_REST_S * 2 ** min(failures - 1, 20), _MOST_REST_S) * (0.9 + 0.2 * chance))
