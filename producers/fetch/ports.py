"""What a fetcher needs besides the web: leases, a place to put results, and what runs keep beside their pages."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from schemas.cookies import Cookie, KeptCookie
from schemas.credentials import OpenCredential
from schemas.events import Event, FetchResult, FetchTask
from schemas.leases import HostRecord, RunState


class Leases(Protocol):
    """The right to visit hosts, kept in PostgreSQL. Raises what its store raises; nothing is waited out here,
    because a lease that cannot be renewed is a lease that ends."""

    seconds: float

    async def acquire(self, hosts: Sequence[str]) -> dict[str, HostRecord]:
        """host → what its last owner left behind, for those that are ours now. A `wait_s` below 0 is how long ago the
        host might have been visited."""
        ...

    async def renew(self, hosts: Mapping[str, HostRecord]) -> set[str]:
        """Prolongs, telling what is to be remembered of each; returns those that are still ours."""
        ...

    async def release(self, hosts: Mapping[str, HostRecord]) -> None:
        """Gives them back at once."""
        ...

    async def run_states(self, runs: Sequence[str]) -> dict[str, RunState]:
        """Of these runs, those whose pages are still wanted, and how."""
        ...


class Visitor(Protocol):
    """One visit, from the task to its answer. Trouble with the network or the other side is an answer, no exception;
    cancelling the call ends the visit."""

    async def visit(self, task: FetchTask, fetched_at: str) -> FetchResult:
        """The host's answer, or why there is none. Raises where a store is away that the visit cannot do without."""
        ...


class CookieStore(Protocol):
    """The cookies of runs, for whichever fetcher visits next. Raises what its store raises."""

    async def load(self, run_id: str, site: str) -> list[Cookie]:
        """Those of a site (a registered domain) that have not expired."""
        ...

    async def save(self, kept: Sequence[KeptCookie]) -> None:
        """Writes new and changed ones; each cookie of a run at most once in a call."""
        ...


class CredentialStore(Protocol):
    """The credentials of sites. Raises what its store raises."""

    async def open(self, run_id: str, reference: str) -> OpenCredential | None:
        """What the run's owner means by a name or an id; None for none."""
        ...


class BodyStore(Protocol):
    """Bodies that are too large for a message."""

    async def put(self, room: Literal["pages"], data: bytes) -> str:
        """Keeps it for as long as raw-pages keeps messages; returns the reference. Raises while it is away."""
        ...


class Results(Protocol):
    """Kafka, awaited."""

    async def send_all(self, events: Sequence[Event]) -> None:
        """Returns once the broker has every event."""
        ...
