"""A run as its page tells it from the beginning."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunParticulars:
    """What does not change about a run while it goes; times are RFC 3339, empty where they have not come yet. Of many
    `urls` the first few."""

    name: str
    urls: tuple[str, ...]
    owner: str
    created_at: str
    started_at: str
    finished_at: str
