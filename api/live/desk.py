"""One socket, many channels: the client says what it wants to hear or have done, and acknowledges what went wrong."""

import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from api.auth.callers import Caller
from api.auth.permissions import Permission
from api.errors import ApiError, Code
from api.live.bulletins import SystemMetrics, alert, data_update, job_update, notification
from api.live.channels import Owners
from api.live.connection import Outlet
from api.live.follower import Follower, Live
from api.live.frames import Frame, LiveEvent, Parcel, frame
from api.live.obeying import Obeying
from api.live.streams import of_channel
from api.metrics import Metrics
from schemas.events import CleanBatch, MetricSample, RunEvent, Trend
from schemas.happenings import happening
from schemas.heads import BatchHead

CHANNELS = {
    "job_updates": ("runs",),
    "alerts": ("trends",),
    "data_updates": ("records",),
    "notifications": ("runs", "trends", "marks"),
    "system_metrics": (),
}
"""What can be subscribed to, and over which of our own channels it comes."""

_METRICS_EVERY_S = 5.0
_UNACKNOWLEDGED = 100


class Desk:
    """Serves one socket's subscriptions and commands. Every answer is a frame: `connected`, `subscribed`,
    `unsubscribed`, `pong`, `acknowledged`, `command_result`, or an `error` with an `id`, which stays open until the
    client acknowledges it."""

    def __init__(
        self, live: Live, owners: Owners, metrics: Metrics, caller: Caller, outlet: Outlet, obeying: Obeying
    ) -> None:
        self._metrics_of = SystemMetrics(metrics)
        self._live = live
        self._owners = owners
        self._caller = caller
        self._outlet = outlet
        self._obeying = obeying
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._errors: dict[str, None] = {}
        self._writing = asyncio.Lock()

    async def serve(self) -> None:
        """Answers what the client says, one frame after the other, for ever: while a command is carried out, what is
        said next waits."""
        self._outlet.listens = True
        try:
            async with asyncio.TaskGroup() as self._group:
                await self._connected()
                while True:
                    await self._answer(await self._outlet.said.get())
        except BaseExceptionGroup as problems:
            raise problems.exceptions[0] from None

    async def _connected(self) -> None:
        await self._send(frame("connected", {"user_id": self._caller.user_id, "channels": list(CHANNELS)}))

    async def _answer(self, said: dict[str, Any]) -> None:
        data = said.get("data")
        given = data if isinstance(data, dict) else said
        match said.get("type"):
            case "subscribe" | "unsubscribe" as what:
                await self._change(what, given.get("channels") or [given.get("channel")])
            case "command":
                await self._send(await self._obeying.answer(data))
            case "ping":
                await self._send(frame("pong", {"at": time.time()}))
            case "acknowledge":
                known = str(given.get("id"))
                if known in self._errors:
                    del self._errors[known]
                    await self._send(frame("acknowledged", {"id": known}))
                else:
                    await self._fault("RESOURCE_NOT_FOUND", "There is no such error to acknowledge.")
            case "auth":  # whoever was let in by a header may say it again
                await self._connected()
            case _:
                await self._fault("VALIDATION_ERROR", "Say subscribe, unsubscribe, command, acknowledge or ping.")

    async def _change(self, what: str, names: Any) -> None:
        names = names if isinstance(names, list) else [names]
        for name in names[:20]:
            if not isinstance(name, str) or name not in CHANNELS:
                there = ", ".join(CHANNELS)
                await self._fault("RESOURCE_NOT_FOUND", f"There is no such channel; there are {there}.")
            elif name == "system_metrics" and Permission.MONITOR not in self._caller.permissions:
                await self._fault("INSUFFICIENT_PERMISSIONS", "system_metrics needs the permission system_monitoring.")
            elif what == "subscribe" and name not in self._tasks:
                work = self._metrics() if name == "system_metrics" else self._tell_all(name)
                self._tasks[name] = self._group.create_task(work)
            elif what == "unsubscribe" and name in self._tasks:
                task = self._tasks.pop(name)
                task.cancel()
                await asyncio.wait({task})  # and not for its own cancellation, which would be taken for ours
        await self._send(frame(f"{what}d", {"channels": list(self._tasks)}))  # subscribed, unsubscribed

    async def _fault(self, code: Code, message: str) -> None:
        identity = str(uuid4())
        self._errors[identity] = None
        while len(self._errors) > _UNACKNOWLEDGED:
            self._errors.pop(next(iter(self._errors)))
        await self._send(frame("error", {"id": identity, "code": code, "message": message, "acknowledge": True}))

    async def _tell_all(self, name: str) -> None:
        async with asyncio.TaskGroup() as group:
            for channel in CHANNELS[name]:
                group.create_task(self._tell(channel, _noted if name == "notifications" else _updated))

    async def _tell(self, channel: str, framed: Callable[[LiveEvent], Frame | None]) -> None:
        stream = of_channel(channel, None)
        await self._live.catching_up.ready()

        async def tell(parcel: Parcel, _: tuple[tuple[Frame, str], ...]) -> bool:
            said = framed(parcel.event)
            if said and await self._owners.may_see(self._caller, parcel.run_id):
                await self._send(said)
            return True

        try:
            await Follower(self._live, stream, self._live.hub.position(stream), self._outlet).run(tell)
        except ApiError as refusal:
            await self._fault(refusal.code, refusal.message)
            await asyncio.Event().wait()

    async def _metrics(self) -> None:
        heard: dict[tuple[str, str], MetricSample] = {}

        def hear(sample: MetricSample) -> None:
            heard[sample.process, sample.instance] = sample

        self._live.hub.metrics_heard.add(hear)
        try:
            while True:
                await asyncio.sleep(_METRICS_EVERY_S)
                if heard:
                    await self._send(self._metrics_of.frame(heard.values()))
                    heard.clear()
        finally:
            self._live.hub.metrics_heard.discard(hear)

    async def _send(self, said: Frame) -> None:
        async with self._writing:
            await self._outlet.send(said.text())


def _updated(event: LiveEvent) -> Frame | None:
    match event:
        case RunEvent():
            return job_update(event)
        case Trend():
            return alert(event)
        case CleanBatch() | BatchHead():
            return data_update(event)
    return None


def _noted(event: LiveEvent) -> Frame | None:
    told = happening(event)
    return notification(told) if told else None
