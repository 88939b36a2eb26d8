"""Times as events carry them (RFC 3339) and as charts want them (epoch seconds)."""

from datetime import UTC, datetime


def epoch(text: str) -> float | None:
    """Epoch seconds, or None for a text that is no time; a time without a zone is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def rfc3339(seconds: float) -> str:
    """UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
