"""What happens to everything that the caller may see, one kind at a time."""

from collections import OrderedDict

from api.auth.callers import Caller
from api.live.follower import Follower, Live, Outlet
from api.live.frames import Frame, Parcel
from api.live.streams import of_channel
from api.ports import Jobs
from schemas.ids import is_id

_REMEMBERED = 20_000


class Owners:
    """Whose a run is; a run never changes its owner, so an answer is good for ever."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._known: OrderedDict[str, str] = OrderedDict()

    async def may_see(self, caller: Caller, run_id: str) -> bool:
        """Whether a run is the caller's own, or everything is. The topics are open to others: what they call a run and
        is no id is nobody's, and the database is not asked about it."""
        if caller.sees_all:
            return True
        if not is_id(run_id):
            return False
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
    live: Live, owners: Owners, caller: Caller, channel: str, dataset: str | None, cursor: str | None, outlet: Outlet
) -> None:
    """Hands on everything of a channel that the caller may see, from now or from a cursor on, for ever. ApiError 422
    for a cursor that is not of this channel."""
    stream = of_channel(channel, dataset)
    if cursor:
        at = live.cursors.unpack(stream.name, stream.topics, cursor)
    else:
        await live.catching_up.ready()
        at = live.hub.position(stream)

    async def tell(parcel: Parcel, told: tuple[tuple[Frame, str], ...]) -> bool:
        if await owners.may_see(caller, parcel.run_id):
            for _, text in told:
                await outlet.send(text)
        return True

    await Follower(live, stream, at, outlet).run(tell)
