"""The examples are one story, and the code that runs in production tells it: each message follows from those before."""

from datetime import UTC, datetime
from random import Random
from typing import Any

from producers.dispatch.tasks import task_of
from schemas import codec
from schemas.delivery import Delivery
from schemas.examples import example
from schemas.frontier import Issued
from schemas.hosts import host_of
from schemas.ids import batch_id, digest, outcome_id, outsider_run_id, record_id, rejected_record_id
from schemas.job import JobDescription
from schemas.message import Message
from schemas.pinned import PinnedRun
from schemas.topics import (
    CLEAN_RECORDS,
    DEAD_LETTERS,
    FETCH_TASKS,
    LOGS,
    PAGE_OUTCOMES,
    RAW_PAGES,
    RAW_RECORDS,
    REQUEST_LOGS,
    RUN_EVENTS,
    SCRAPE_REQUESTS,
    TRENDS,
)
from schemas.urls import canonical, fingerprint
from streams.cleaning.stage import Cleaning
from streams.extraction.closings import Answer
from streams.extraction.reading import Reader
from streams.trends.events import finding_of, trend_of
from streams.trends.observations import Alarm, Observation
from tests.unit.extraction.answering import answer_page

REQUEST, LETTER = example(SCRAPE_REQUESTS), example(DEAD_LETTERS)
JOB = JobDescription.model_validate(REQUEST.value["job"])
RUN = outsider_run_id(REQUEST.headers["ce_source"], REQUEST.headers["ce_id"])
URL = canonical(JOB.urls[0])


def event(topic: str) -> Any:
    return codec.decode(topic, example(topic).wire)


def answer() -> Answer:
    run = PinnedRun(id=RUN, job_id=digest(RUN, "job"), dataset=JOB.dataset_name, description=JOB)
    return answer_page(event(RAW_PAGES), Reader.of(run), datetime(2026, 3, 14, tzinfo=UTC), Random(1))


def test_the_task_is_the_jobs_first_page() -> None:
    task = event(FETCH_TASKS)
    row = Issued(
        run_id=RUN, url_fp=fingerprint(URL), url=URL, host=host_of(URL), attempt=1, depth=0, hops=0, tries=0
    )  # fmt: skip
    assert task_of(row, JOB, task.issued_at) == task


def test_the_page_answers_the_task() -> None:
    task, page = event(FETCH_TASKS), event(RAW_PAGES)
    shared = ("run_id", "url_fp", "url", "host", "attempt", "depth", "hops", "tries")
    assert {name: getattr(page, name) for name in shared} == {name: getattr(task, name) for name in shared}


def test_the_raw_records_are_what_the_jobs_rules_find_on_the_page() -> None:
    assert answer().batches == [event(RAW_RECORDS)]


def test_the_outcome_is_what_extraction_closes_the_task_with() -> None:
    outcome, closing = event(PAGE_OUTCOMES), answer().closing
    shared = ("run_id", "url_fp", "host", "outcome", "klass", "status", "attempt", "fetch_id", "records", "reason")
    assert {name: getattr(outcome, name) for name in shared} == {name: getattr(closing, name) for name in shared}
    assert outcome.id == outcome_id(RUN, outcome.url_fp, 1, outcome.fetch_id)


async def test_the_clean_records_and_the_dead_letter_are_what_cleaning_makes_of_the_raw_ones() -> None:
    raw = event(RAW_RECORDS)
    place = (LETTER.headers["trawl_topic"], int(LETTER.headers["trawl_partition"]), int(LETTER.headers["trawl_offset"]))
    handled = await Cleaning().handle([Delivery(Message(*place, key=None, value=b""), raw)])
    (letter,) = handled.rejects
    told = [LETTER.headers[name] for name in ("ce_id", "trawl_code", "trawl_reason", "trawl_run")]
    assert handled.outputs == [event(CLEAN_RECORDS)]
    assert [letter.id, letter.code, letter.reason, letter.run_id] == told
    assert letter.value == LETTER.wire


def test_ids_are_those_that_anyone_computes() -> None:
    raw, clean = event(RAW_RECORDS), event(CLEAN_RECORDS)
    assert raw.id == clean.id == batch_id(RUN, raw.url_fp, raw.fetch_id, 1, 0)
    assert [record.id for record in clean.records] == [record_id(raw.id, 0), record_id(raw.id, 1)]
    assert LETTER.headers["ce_id"] == rejected_record_id(raw.id, 2)


def test_the_trend_is_what_an_alarm_on_the_first_record_says() -> None:
    trend, clean = event(TRENDS), event(CLEAN_RECORDS)
    record, at = clean.records[0], datetime.fromisoformat(clean.fetched_at).timestamp()
    seen = Observation(record.key, "price", "price", record.data["price"], at, record.id, clean.url)
    values = tuple(trend.values)
    alarm = Alarm(clean.dataset, seen, 4, trend.score, trend.before, trend.after - trend.before, values)
    assert trend_of(finding_of(alarm), RUN) == trend


def test_the_accounts_of_the_run_close() -> None:
    counts, clean = event(RUN_EVENTS).counts, event(CLEAN_RECORDS)
    ended = counts.queued + counts.issued + counts.fetched + counts.failed + counts.filtered
    assert counts.requested == ended == 1
    assert counts.extracted == clean.counted_in == len(event(RAW_RECORDS).records)
    assert (counts.stored, counts.rejected, counts.dropped) == (len(clean.records), clean.rejected, clean.filtered)
    assert counts.extracted == counts.stored + counts.rejected + counts.dropped


def test_the_end_offsets_reach_past_the_records() -> None:
    raw_place = LETTER.headers["trawl_partition"]
    assert event(RUN_EVENTS).end_offsets[CLEAN_RECORDS][raw_place] > int(LETTER.headers["trawl_offset"])


def test_all_of_it_is_about_one_run_and_one_job() -> None:
    told = (FETCH_TASKS, RAW_PAGES, RAW_RECORDS, CLEAN_RECORDS, PAGE_OUTCOMES, TRENDS, RUN_EVENTS, LOGS)
    assert {event(topic).run_id for topic in told} == {RUN}
    jobs = {event(topic).job_id for topic in (RAW_RECORDS, CLEAN_RECORDS, PAGE_OUTCOMES, RUN_EVENTS)}
    assert jobs == {digest(RUN, "job")}
    assert digest(RUN, "job") in event(REQUEST_LOGS).path
