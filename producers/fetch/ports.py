"""What a fetcher needs besides the web: leases, and a place to put results."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from schemas.events import Event


class Leases(Protocol):
    """The right to visit hosts, kept in PostgreSQL. Raises what its store raises; nothing is waited out here,
    because a lease that cannot be renewed is a lease that ends."""

    seconds: float

    async def acquire(self, hosts: Sequence[str]) -> dict[str, tuple[float, float]]:
        """host → (seconds until it may be visited, its back-off), for those that are ours now."""
        ...

    async def renew(self, hosts: Mapping[str, tuple[float, float]]) -> set[str]:
        """Prolongs, telling (seconds until the next visit, delay) of each; returns those that are still ours."""
        ...

    async def release(self, hosts: Mapping[str, tuple[float, float]]) -> None:
        """Gives them back at once."""
        ...

    async def live_runs(self, runs: Sequence[str]) -> set[str]:
        """Of these runs, those whose pages are still wanted."""
        ...


class Results(Protocol):
    """Kafka, awaited."""

    async def send_all(self, events: Sequence[Event]) -> None:
        """Returns once the broker has every event."""
        ...
