"""What happens to everything that the caller may see, one kind at a time."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Literal

from api.auth.callers import Caller
from api.live.frames import Frame
from api.live.hub import Hub
from api.ports import Jobs
from schemas.topics import CLEAN_RECORDS, PAGE_OUTCOMES, RUN_EVENTS, TRENDS

Channel = Literal["records", "trends", "runs", "outcomes"]

CHANNELS: dict[str, str] = {
    "records": CLEAN_RECORDS,
    "trends": TRENDS,
    "runs": RUN_EVENTS,
    "outcomes": PAGE_OUTCOMES,
}
"""Each channel's topic."""

_REMEMBERED = 20_000


class Owners:
    """Whose a run is; a run never changes its owner, so an answer is good for ever."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._known: OrderedDict[str, str] = OrderedDict()

    async def may_see(self, caller: Caller, run_id: str) -> bool:
        """Whether a run is the caller's own, or everything is."""
        if caller.sees_all:
            return True
        owner = self._known.get(run_id)
        if owner is None:
            run = await self._jobs.run(run_id)
            if run is None:
                return False
            owner = self._known[run_id] = run.owner
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return owner == caller.user_id


async def tail(
    hub: Hub,
    owners: Owners,
    caller: Caller,
    channel: str,
    dataset: str | None,
    send: Callable[[Frame], Awaitable[None]],
    spilled: Callable[[], None],
) -> None:
    """Hands on everything of a channel that the caller may see, from now on, for ever."""
    with hub.listening(spilled, topic=CHANNELS[channel]) as live:
        while True:
            parcel = await live.next()
            if (dataset is None or parcel.dataset == dataset) and await owners.may_see(caller, parcel.run_id):
                for frame in parcel.frames:
                    await send(frame)
