"""Everything the pages show, folded from events as they come."""

from collections.abc import Callable

import structlog

from dashboards.feed.counters import Counters
from dashboards.feed.details import RunDetails
from dashboards.feed.rates import RateRing
from dashboards.feed.runs import RunBook
from dashboards.feed.seen import Seen
from dashboards.feed.series import SeriesBook
from dashboards.feed.stages import Stages
from dashboards.feed.trends import TrendBook
from schemas import codec
from schemas.errors import CodecError
from schemas.events import Event, MetricSample, PageOutcome, RunEvent, Trend
from schemas.heads import BatchHead, head_of
from schemas.message import Message
from schemas.moments import epoch
from schemas.topics import CLEAN_RECORDS, PAGE_OUTCOMES, RUN_EVENTS, SYSTEM_METRICS, TRENDS

TOPICS = (RUN_EVENTS, PAGE_OUTCOMES, CLEAN_RECORDS, TRENDS, SYSTEM_METRICS)
"""What the feed reads."""

READ_BACK_S = 330.0
"""How far back reading begins: the window of the charts and a little more."""

SEAM_S = 240.0
"""How far back counting by run begins: less, because a page is fetched some time before its outcome is published."""

STALE_S = 5.0
"""After this time without a sign of the broker what is shown is no longer live."""

Listener = Callable[[float], None]

log = structlog.get_logger()


class Feed:
    """Folds events into bounded memory and tells the listeners at each tick.

    Times are epoch seconds. It does no I/O and keeps no clock: `now` is an argument.
    """

    def __init__(self, now: float) -> None:
        self.visits = RateRing()
        self.pages = RateRing()
        self.records = RateRing()
        self.stages = Stages()
        self.runs = RunBook()
        self.details = RunDetails(now - SEAM_S)
        self.series = SeriesBook()
        self.trends = TrendBook()
        self.heard_at = 0.0
        self.unreadable = 0
        self._counters = Counters()
        self._seen = Seen()
        self._handed_in: dict[tuple[str, int], tuple[int, int]] = {}
        self._listeners: dict[int, Listener] = {}
        self._next_listener = 0

    def take(self, message: Message, now: float) -> None:
        """Folds a message of one of TOPICS; one that was taken before, or is no event, changes nothing."""
        place = (message.topic, message.partition)
        offset, timestamp = self._handed_in.get(place, (-1, -1))
        if message.offset <= offset and message.timestamp <= timestamp:
            return
        self._handed_in[place] = (message.offset, message.timestamp)
        self.heard(now)
        try:
            event = head_of(message) if message.topic == CLEAN_RECORDS else codec.decode(message.topic, message.value)
            self.fold(event, min(message.timestamp / 1000 or now, now), now)
        except CodecError as problem:
            self.unreadable += 1
            log.warning("unreadable_event", topic=message.topic, offset=message.offset, reason=problem.reason)

    def fold(self, event: Event | BatchHead, at: float, now: float) -> None:
        """Folds an event that was published at `at`."""
        match event:
            case PageOutcome() if self._seen.first_time(event.id):
                self._visited(event, now)
                if event.final:
                    self.pages.add(int(at))
                self.details.page(event, now)
            case BatchHead() if self._seen.first_time(event.id):
                self.records.add(int(at), len(event.records))
                self.details.batch(event, now)
                self.series.fold(event)
            case RunEvent():
                self.runs.fold(event)
            case Trend():
                self.trends.fold(event)
            case MetricSample():
                for increase in self._counters.take(event, min(epoch(event.at) or at, now)):
                    self.stages.grew(increase)

    def _visited(self, outcome: PageOutcome, now: float) -> None:
        """A visit counts when it was made, whatever came of it; a page that was closed without one does not."""
        at = epoch(outcome.fetched_at)
        if at is not None and (outcome.status is not None or outcome.elapsed_ms > 0):
            self.visits.add(int(min(at, now)))

    def waits(self, lag: list[tuple[str, str, int]], now: float) -> None:
        """Takes a reading of the consumer lag."""
        self.stages.waits(lag, now)
        self.heard(now)

    def heard(self, now: float) -> None:
        """The broker gave a sign of life."""
        self.heard_at = max(self.heard_at, now)

    def live(self, now: float) -> bool:
        """Whether what is shown is what happens."""
        return now - self.heard_at <= STALE_S

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener(now)` at each tick until what this returns is called."""
        number = self._next_listener
        self._next_listener += 1
        self._listeners[number] = listener

        def unsubscribe() -> None:
            self._listeners.pop(number, None)

        return unsubscribe

    def tick(self, now: float) -> None:
        """Tells every listener that it is `now`."""
        for listener in list(self._listeners.values()):
            listener(now)
