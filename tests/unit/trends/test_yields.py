"""A site whose pages no longer give records is told of within the run, and no other."""

from collections.abc import Iterator

from schemas.events import CleanBatch, Trend, TrendRules
from schemas.job import JobDescription
from schemas.pinned import PinnedRun
from streams.cleaning.cleaner import clean
from streams.extraction.contents import read_contents
from streams.extraction.reading import Reader
from streams.trends.detector import FEW_KEYS
from streams.trends.watch import Watch
from tests.unit.extraction.pages import fetched
from tests.unit.trends.stories import BEGIN, batch, told

TEMPLATE = "shop.example/c/*"


def run(number: int, *amounts: int, folder: str = "c", rules: TrendRules | None = None) -> Iterator[CleanBatch]:
    """A run whose pages give so many records each."""
    for place, amount in enumerate(amounts):
        records = [(f"{folder}-{place}-{one}", {"name": "Tea"}) for one in range(amount)]
        address, at = f"https://shop.example/{folder}/{place}", BEGIN + number * 600 + place
        yield batch(number * 1000 + place, records, at, run=f"run-{number}", url=address, rules=rules)


def drifts(*runs: Iterator[CleanBatch]) -> list[Trend]:
    return [one for one in told(page for pages in runs for page in pages) if one.detector == "drift"]


def test_pages_that_give_no_records_any_more_are_told_once_within_the_run_and_when_they_do_again() -> None:
    began, ended = drifts(run(1, *[20] * 8), run(2, *[0] * 8), run(3, *[0] * 8), run(4, *[12] * 8))
    assert (began.record_key, began.field, began.phase) == (TEMPLATE, "records_of_a_page", "began")
    assert (began.before, began.after, began.run_id) == (20.0, 0.0, "run-2")
    assert began.url == "https://shop.example/c/4", "after the fifth page"
    assert began.sentence.startswith(f"The usual number of records on pages {TEMPLATE} in deals changed from 20 to 0")
    assert (ended.closes, ended.after, ended.run_id) == (began.id, 12.0, "run-4")


def test_a_site_of_one_page_is_told_of_too() -> None:
    (found,) = drifts(run(1, 20), run(2, 0))
    assert found.run_id == "run-2"


def test_pages_that_never_had_records_say_nothing_in_whatever_order_they_come() -> None:
    assert drifts(run(1, *[0] * 50), run(2, *[0] * 50)) == []
    mixed = [*[3] * 30, *[0] * 30]
    assert drifts(run(1, *mixed), run(2, *reversed(mixed)), run(3, *mixed)) == []
    assert drifts(run(1, 9, 0, 0), run(2, 0, 0, 9), run(3, 0, 9, 0)) == []
    whole = [*run(1, *[9] * 8), *run(2, *[0] * 8, folder="d")]
    assert drifts(iter(whole)) == [], "another template"


def test_a_page_on_which_rules_select_nothing_comes_all_the_way() -> None:
    job = {"url": "https://shop.example/", "extract": {"items": "li", "fields": {"name": "b"}}}

    def read(run_id: str, place: int, body: str) -> CleanBatch:
        pinned = PinnedRun(id=run_id, job_id="job", dataset="deals", description=JobDescription.model_validate(job))
        page = fetched(body, url=f"https://shop.example/c/{place}", run_id=run_id, fetch_id=f"{run_id}-{place}")
        (raw,) = read_contents(page, Reader.of(pinned)).batches
        return clean(raw).batch

    story = [read("run-1", place, "<li><b>Tea</b></li>" * 9) for place in range(8)]
    story += [read("run-2", place, "<p>Tea</p>" * 9) for place in range(8)]
    (found,) = told(story)
    assert (found.detector, found.record_key, found.field, found.before, found.run_id) == (
        "drift", TEMPLATE, "records_of_a_page", 9.0, "run-2",
    )  # fmt: skip


def test_what_is_late_of_an_earlier_run_neither_hides_nor_makes_anything() -> None:
    first, second = list(run(1, *[20] * 9)), list(run(2, *[0] * 6))
    (found,) = drifts(iter([*first[:8], *second[:2], first[8], *second[2:]]))
    assert found.run_id == "run-2"


def test_an_empty_page_is_nothing_to_rates_marks_and_shares() -> None:
    rules = TrendRules(memory=True)
    watch = Watch(FEW_KEYS)
    told(run(1, *[20] * 8, rules=rules), watch)
    shop = watch._datasets.of("deals")
    before = shop.rate, shop.drift, shop.jobs["job"].newest[:]
    told(run(2, 0, 0, rules=rules), watch)
    assert (shop.rate, shop.drift, shop.jobs["job"].newest) == before


def test_what_is_known_of_pages_outlives_a_worker() -> None:
    story = [*run(1, *[20] * 8), *run(2, *[0] * 8)]
    for point in (3, 8, 11, 15):
        first = Watch(FEW_KEYS)
        seen = told(story[:point], first)
        second = Watch.load_blocks(first.dirty_blocks(), FEW_KEYS)
        assert [*seen, *told(story[point:], second)] == told(story)
