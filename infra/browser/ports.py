"""What the pool needs: a way out that is guarded, and a place for pictures."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, Protocol, TypeAlias, TypeVar

from schemas.exchange import FailureKind

Keep: TypeAlias = Callable[[bytes], Awaitable[str]]
"""Keeps a PNG and gives the reference under which it is found."""


class Refusal(Protocol):
    """Why nothing came from a host."""

    @property
    def kind(self) -> FailureKind: ...
    @property
    def reason(self) -> str: ...


class Reached(Protocol):
    """At which address a host was reached, and what that took in milliseconds."""

    @property
    def address(self) -> str: ...
    @property
    def dns_ms(self) -> float | None: ...
    @property
    def connect_ms(self) -> float | None: ...


class Passage(Protocol):
    """One context's way out; `refused` and `reached` are by `host:port`, `received` counts bytes."""

    @property
    def user(self) -> str: ...
    @property
    def secret(self) -> str: ...
    @property
    def received(self) -> int: ...
    @property
    def refused(self) -> Mapping[str, Refusal]: ...
    @property
    def reached(self) -> Mapping[str, Reached]: ...


P = TypeVar("P", bound=Passage)


class WayOut(Protocol, Generic[P]):
    """The proxy that refuses addresses that may not be visited, and callers without a passage."""

    @property
    def address(self) -> str: ...

    def admit(self, budget: int) -> P:
        """A passage that may receive so many bytes."""
        ...

    def dismiss(self, passage: P) -> None:
        """Ends it and its connections."""
        ...
