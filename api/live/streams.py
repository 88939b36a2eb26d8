"""What can be listened to: a run, or one kind of thing over all of them."""

from dataclasses import dataclass
from typing import Literal

from api.live.frames import Parcel
from schemas.past import Piece
from schemas.topics import CLEAN_RECORDS, PAGE_OUTCOMES, RECORD_MARKS, RUN_EVENTS, SYSTEM_METRICS, TRENDS

LIVE_TOPICS = (PAGE_OUTCOMES, CLEAN_RECORDS, TRENDS, RECORD_MARKS, RUN_EVENTS, SYSTEM_METRICS)
RUN_TOPICS = (PAGE_OUTCOMES, CLEAN_RECORDS, TRENDS, RUN_EVENTS)

Channel = Literal["records", "marks", "trends", "runs", "outcomes"]

CHANNELS: dict[str, str] = {
    "records": CLEAN_RECORDS,
    "marks": RECORD_MARKS,
    "trends": TRENDS,
    "runs": RUN_EVENTS,
    "outcomes": PAGE_OUTCOMES,
}
"""Each channel's topic."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A part of the live topics that somebody listens to. Cursors are bound to its `name`; `key` finds it: a run's id,
    or a topic."""

    name: str
    key: str
    topics: tuple[str, ...]
    run_id: str = ""
    dataset: str = ""

    def holds(self, parcel: Parcel) -> bool:
        """Whether a parcel belongs to it."""
        if parcel.topic not in self.topics:
            return False
        return parcel.run_id == self.run_id if self.run_id else self.dataset in ("", parcel.dataset)

    def piece(self, topic: str) -> Piece:
        """What of a topic it wants from the warehouse."""
        return Piece(topic=topic, run_id=self.run_id, dataset=self.dataset)


def of_run(run_id: str, dataset: str) -> Stream:
    """Everything of one run. The run names the dataset: the warehouse finds records by both."""
    return Stream(f"run {run_id}", run_id, RUN_TOPICS, run_id, dataset)


def of_channel(channel: str, dataset: str | None) -> Stream:
    """One topic over all runs, or over those of one dataset; KeyError for no channel of ours."""
    topic = CHANNELS[channel]
    return Stream(f"channel {channel} {dataset or ''}", topic, (topic,), "", dataset or "")
