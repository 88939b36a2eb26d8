"""run-events, trends, record-marks → deliveries."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from schemas.delivery import Delivery, Handled
from schemas.happenings import Happening, happening
from streams.notifications.choosing import tellings
from streams.notifications.ports import Tellings

OLD_NEWS = timedelta(hours=24)
"""What is older is told to nobody: a process that begins anew reads a week of it."""


class Notifying:
    """Nothing is published: what is to be told is written down, once for each event and target."""

    def __init__(self, store: Tellings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock

    async def handle(self, batch: Sequence[Delivery]) -> Handled:
        """Writes down who is to be told of a batch, in one transaction."""
        oldest = self._clock() - OLD_NEWS
        happened: list[Happening] = []
        for delivery in batch:
            found = happening(delivery.event)
            if found is not None and found.at >= oldest:
                happened.append(found)
        if happened:
            known = await self._store.audiences({one.run_id for one in happened})
            told = [telling for one in happened if one.run_id in known for telling in tellings(one, known[one.run_id])]
            if told:
                await self._store.write(told)
        return Handled()
