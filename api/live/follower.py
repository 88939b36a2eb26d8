"""One listener's way through a stream, however often it has to begin again."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from api.live import frames
from api.live.catching_up import CatchingUp
from api.live.cursors import Cursors, Positions
from api.live.frames import Frame, Gap, Parcel
from api.live.hub import Hub
from api.live.streams import Stream
from api.live.subscription import Interrupted, Subscription


class Outlet(Protocol):
    """The socket of a listener."""

    async def send(self, text: str) -> None:
        """Returns when it may take the next frame."""
        ...

    def spilled(self) -> None:
        """It takes less than comes in."""
        ...


@dataclass(frozen=True)
class Live:
    """What every listener shares."""

    hub: Hub
    cursors: Cursors
    catching_up: CatchingUp


Tell = Callable[[Parcel, "tuple[tuple[Frame, str], ...]"], Awaitable[bool]]
"""Told a parcel and its frames with their texts; False ends the listening."""


class Follower:
    """Brings a listener from a position to the hub and follows it there; interrupted, it does so again.

    `at` is where the listener is while it catches up; `cursor()` is always where it is."""

    def __init__(self, live: Live, stream: Stream, at: Positions, outlet: Outlet) -> None:
        self.stream = stream
        self._live = live
        self._at = at
        self._outlet = outlet
        self._joined: Subscription | None = None
        self._last = ""

    def cursor(self) -> str:
        """Where it is, as long as all that was handed to it has been told."""
        if self._joined and self._joined.empty:
            self._at, self._last = self._live.hub.position(self.stream), ""
        if self._joined and self._last:
            return self._last
        return self._live.cursors.pack(self.stream.name, self.stream.topics, self._at)

    async def run(
        self,
        tell: Tell,
        *,
        idle: Callable[[], Awaitable[bool]] | None = None,
        patience: Callable[[], float | None] = lambda: None,
        to_now: bool = False,
    ) -> None:
        """Until `tell` or `idle` says False; `idle` is asked when nothing came for `patience()` seconds. With `to_now`
        it ends where everything that has happened was told."""
        while True:
            if not await self._catch_up(tell):
                return
            with self._live.hub.listening(self.stream, self._at, self._outlet.spilled) as joined:
                try:
                    if not await self._backlog(joined, tell) or to_now:
                        return
                    return await self._listen(joined, tell, idle, patience)
                except Interrupted:
                    continue
                finally:
                    self._joined = None

    async def _catch_up(self, tell: Tell) -> bool:
        async with aclosing(self._live.catching_up.parcels(self.stream, self._at)) as found:
            async for parcel in found:
                if isinstance(parcel, Gap):
                    await self._outlet.send(frames.of_gap(parcel).text(self.cursor()))
                elif not await self._one(parcel, tell):
                    return False
        return True

    async def _backlog(self, joined: Subscription, tell: Tell) -> bool:
        for parcel in joined.backlog:
            if not await self._one(parcel, tell):
                return False
        joined.backlog = ()
        self._at = joined.joined_at
        return True

    async def _one(self, parcel: Parcel, tell: Tell) -> bool:
        """Tells a parcel with cursors of this listener's own, and moves past it."""
        told = self._at.told(parcel.place, parcel.offset)
        if told > parcel.told_before:
            parcel = parcel.rest(told - parcel.told_before)
        texts = self._live.cursors.texts(self.stream.name, self.stream.topics, self._at, parcel)
        goes_on = await tell(parcel, tuple(zip(parcel.frames, texts, strict=True)))
        self._at.tell(parcel)
        return goes_on

    async def _listen(
        self,
        joined: Subscription,
        tell: Tell,
        idle: Callable[[], Awaitable[bool]] | None,
        patience: Callable[[], float | None],
    ) -> None:
        self._joined, self._last = joined, ""
        while True:
            try:
                told = await joined.next(patience())
            except TimeoutError:
                if idle and not await idle():
                    return
                continue
            except Interrupted:
                self._at = joined.told_up_to
                raise
            goes_on = await tell(told.parcel, told.frames)
            self._last = told.cursor
            if not goes_on:
                return
