"""No history of crashes, zombies and lost answers loses or doubles anything; without any one rule some history does."""

import os
from collections.abc import Iterator

import pytest
import structlog

from schemas import ids
from tests.unit.delivery.broken import BROKEN, Broken, NoClaim
from tests.unit.delivery.model import World, play
from tests.unit.delivery.promises import flaws

RUNS = int(os.environ.get("TRAWL_MODEL_RUNS", "400"))
"""Histories that are played; `TRAWL_MODEL_RUNS=20000` for a night."""

ENOUGH = 250
"""Histories within which a broken rule must be found out; most are within the first ten."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Warnings about what the histories do on purpose would be all that is seen."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()


def found(seed: int, **world: object) -> set[str]:
    played = World(seed, **world)  # type: ignore[arg-type]
    play(played)
    return flaws(played)


@pytest.mark.parametrize("tenth", range(10))
@pytest.mark.timeout(3600)
def test_no_history_loses_or_doubles_anything(tenth: int) -> None:
    bad = {seed: seen for seed in range(tenth, RUNS, 10) if (seen := found(seed))}
    assert not bad


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.rule)
def test_a_broken_rule_is_found_out(broken: Broken) -> None:
    seen: set[str] = set()
    for seed in range(ENOUGH):
        seen |= found(seed, parts=broken.parts, victims=broken.victims)
        if seen & broken.seen_as:
            return
    pytest.fail(f"{ENOUGH} histories without this rule and nobody noticed, but for {seen}")


def test_a_visit_has_batches_of_its_own_even_where_the_claim_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fetch id in a batch's id is the second line: as long as one answer holds the claim, no other is published."""
    mixed = "two batches have one id"
    seeds = range(20)
    assert not any(mixed in found(seed, parts={"frontier": NoClaim}) for seed in seeds)
    monkeypatch.setattr(
        "streams.extraction.batches.batch_id",
        lambda run, fp, fetch, rules, part: ids.batch_id(run, fp, "", rules, part),
    )
    assert any(mixed in found(seed, parts={"frontier": NoClaim}) for seed in seeds)


def test_the_same_seed_is_the_same_history() -> None:
    first, again = World(3), World(3)
    play(first)
    play(again)
    assert first.log.topics == again.log.topics


def test_histories_are_eventful() -> None:
    """A model in which nothing happens would find nothing: most histories have repeats, letters, trends, retries."""
    worlds = [World(seed) for seed in range(20)]
    for world in worlds:
        play(world)
    topics = [world.log.topics for world in worlds]
    assert sum(len(log["clean-records"]) > len({m.value for m in log["clean-records"]}) for log in topics) > 10
    assert sum(bool(log["dead-letters"]) for log in topics) > 5
    assert sum(bool(log["trends"]) for log in topics) > 10
    assert (
        sum(row.tries > 1 for world in worlds for run in world.frontier.runs.values() for row in run.rows.values()) > 10
    )
