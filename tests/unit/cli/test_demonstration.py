"""The demonstration's jobs and its judgement as a whole."""

import pytest

from cli.demonstration import descriptions
from cli.demonstration.demonstration import _suffix
from cli.demonstration.figures import Figures
from cli.demonstration.outcome import Outcome
from cli.demonstration.verdict import Alarm, Planted, Verdict
from demo.prices import LAST_START
from schemas.job import JobDescription

FIGURES = Figures(
    pages=1, records=1, records_in_clickhouse=1, trends_planted=1, trends_found=1, false_trends=0, seconds=1.0,
    crawl_pages=1, crawl_records=1, crawl_seconds=1.0, request_to_row=(),
)  # fmt: skip


def test_both_jobs_are_valid_descriptions() -> None:
    shop = JobDescription.model_validate(descriptions.shop("http://127.0.0.1:8090"))
    deals = JobDescription.model_validate(descriptions.deals("http://127.0.0.1:8090", "-2"))
    assert (shop.dataset_name, deals.dataset_name) == ("shop", "deals-2")
    assert (shop.options.delay, shop.options.depth_limit) == (0, 1000)
    assert shop.options.concurrency >= 8
    assert set(descriptions.FIELDS) <= set(shop.extract.fields)
    assert deals.options.depth_limit == 0
    assert deals.extract.fields["price"].type == "price"
    # The number of a visit is not a measurement: as a number it would be a series that only rises.
    assert deals.extract.fields["visit"].type == "text"


def test_the_watching_is_long_enough_for_every_planted_event() -> None:
    from cli.demonstration.demonstration import TIMES

    assert TIMES > LAST_START + 10


@pytest.mark.parametrize(
    ("present", "suffix"),
    [(set(), ""), ({"other"}, ""), ({"deals"}, "-2"), ({"shop", "deals", "deals-2"}, "-3"), ({"deals-2"}, "")],
)
def test_each_demonstration_has_datasets_of_its_own(present: set[str], suffix: str) -> None:
    assert _suffix(present) == suffix


def test_it_holds_only_if_sums_close_and_everything_is_found() -> None:
    planted = Planted(sku="A", kind="drop", visit=70, before=2.0, after=1.0)
    alarm = Alarm(sku="A", field="price", visit=71, kind="shift", direction="down", change=-0.5)
    found, missed, nothing_planted = Verdict(((planted, alarm),)), Verdict(((planted, None),)), Verdict(())
    assert Outcome(figures=FIGURES, verdict=found, wrong=(), sample=[]).holds
    assert not Outcome(figures=FIGURES, verdict=found, wrong=("a sum",), sample=[]).holds
    assert not Outcome(figures=FIGURES, verdict=missed, wrong=(), sample=[]).holds
    assert not Outcome(figures=FIGURES, verdict=nothing_planted, wrong=(), sample=[]).holds
