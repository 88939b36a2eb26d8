"""What must be true at the end of every history, told from the logs and tables alone."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from schemas import codec
from schemas.delivery import Delivery
from schemas.events import FetchResult
from schemas.topics import CLEAN_RECORDS, DEAD_LETTERS, PAGE_OUTCOMES, RAW_PAGES, RUN_EVENTS, TRENDS
from streams.trends.stage import Trends
from tests.fakes.warehouse import MemorySnapshots
from tests.unit.delivery.model import RUN, SENSITIVE, World, job


def flaws(world: World) -> set[str]:
    """Everything that is not as promised; empty for a history that went well."""
    return {flaw for promise in _PROMISES for flaw in promise(world)}


def _stored_once(world: World) -> Iterator[str]:
    for table in ("records", "batches"):
        ids = [str(row["id"]) for row in world.rows.tables[table]]
        if len(ids) != len(set(ids)):
            yield "something is stored twice"


def _nothing_lost(world: World) -> Iterator[str]:
    if world.missing():
        yield "something is lost"
    batches = {str(row["id"]) for row in world.rows.tables["batches"]}
    if batches - world.frontier.runs[RUN].batches.keys():
        yield "something is stored that no page accounts for"


def _completed_in_time(world: World) -> Iterator[str]:
    run = world.frontier.runs[RUN]
    if run.state != ("completed" if run.counts.fetched else "failed"):
        yield "the run does not complete"
    if world.missing_at_the_end:
        yield "the run completed too early"
    told = Counter(event.state for event in _once(world.events(RUN_EVENTS)) if event.kind == "state")
    if any(times > 1 for times in told.values()):
        yield "a state was entered twice"


def _sums_close(world: World) -> Iterator[str]:
    run = world.frontier.runs[RUN]
    counts, stored = run.counts, len(world.rows.tables["records"])
    if counts.requested != counts.queued + counts.issued + counts.fetched + counts.failed + counts.filtered:
        yield "the accounts do not add up"
    if counts.extracted != counts.stored + counts.rejected + counts.dropped or counts.stored != stored:
        yield "the records do not add up"
    if run.visited > job(world.pages).options.max_pages:
        yield "the budget was exceeded"
    letters = {dict(message.headers)["ce_id"] for message in world.log.topics[DEAD_LETTERS]}
    if len(letters) != counts.rejected:
        yield "not every rejected record has its letter"


def _visits_kept_apart(world: World) -> Iterator[str]:
    """Each row that was fetched counts exactly the items of the one visit that it accepted."""
    by_fetch: dict[str, int] = {}
    accepted = {row.fetch_id for row in world.frontier.runs[RUN].rows.values() if row.klass == "fetched"}
    for batch in world.events(CLEAN_RECORDS):
        by_fetch[batch.fetch_id] = batch.counted_in
        if batch.fetch_id not in accepted:
            yield "a visit that holds no claim was published"
    if any(by_fetch.get(str(fetch), 0) != world.served[str(fetch)] for fetch in accepted):
        yield "a page's records are not whole"
    same: dict[str, bytes] = {}
    for batch in world.events(CLEAN_RECORDS):
        if same.setdefault(batch.id, codec.encode(batch)) != codec.encode(batch):
            yield "two batches have one id"


def _outcomes_told(world: World) -> Iterator[str]:
    """One final outcome a row that was answered, whoever told it how often."""
    final = Counter(outcome.url_fp for outcome in _once(world.events(PAGE_OUTCOMES)) if outcome.final)
    rows = world.frontier.runs[RUN].rows
    if final != Counter(fp for fp, row in rows.items() if row.fetch_id is not None):
        yield "the outcomes told are not those of the frontier"


def _failures_answer_the_newest_attempt(world: World) -> Iterator[str]:
    """An earlier attempt's failure says nothing: its successor may be about to bring the page. But a whole response
    does, since it is not asked for again."""
    visits: dict[str, FetchResult] = {visit.fetch_id: visit for visit in world.events(RAW_PAGES)}
    for row in world.frontier.runs[RUN].rows.values():
        visit = visits.get(str(row.fetch_id))
        if row.klass == "failed" and visit and visit.failure is not None and visit.attempt != row.attempt:
            yield "a row failed by an answer to an earlier attempt"


def _trends_as_if_uninterrupted(world: World) -> Iterator[str]:
    """What was published is what one worker that never stopped finds in the same log."""
    stage = Trends(MemorySnapshots(), SENSITIVE, world.log)
    _at_once(stage.assigned(CLEAN_RECORDS, {0}))
    deliveries = [Delivery(m, codec.decode(CLEAN_RECORDS, m.value)) for m in world.log.topics[CLEAN_RECORDS]]
    wanted = {codec.encode(trend) for trend in _at_once(stage.handle(deliveries)).outputs}
    told = {codec.encode(trend) for trend in world.events(TRENDS)}
    if told - wanted:
        yield "a trend was told that is none"
    if wanted - told:
        yield "a trend was not told"


_PROMISES: tuple[Callable[[World], Iterator[str]], ...] = (
    _stored_once,
    _nothing_lost,
    _completed_in_time,
    _sums_close,
    _visits_kept_apart,
    _outcomes_told,
    _failures_answer_the_newest_attempt,
    _trends_as_if_uninterrupted,
)


def _once(events: list[Any]) -> list[Any]:
    """Repeats have the id of what they repeat."""
    return list({event.event_id(): event for event in events}.values())


def _at_once(work: Any) -> Any:
    """Runs a coroutine over fakes to its end; their pauses are nobody else's turn."""
    try:
        while True:
            work.send(None)
    except StopIteration as end:
        return end.value
