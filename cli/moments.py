"""Moments as people type them."""

from datetime import datetime

from cli.errors import WrongUse


def moment(text: str | None) -> str | None:
    """RFC 3339; a time without an offset is local. WrongUse for what is no time."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone().isoformat()
    except ValueError:
        raise WrongUse(f"{text!r} is no time; write 2026-11-20 or 2026-11-20T08:30.") from None
