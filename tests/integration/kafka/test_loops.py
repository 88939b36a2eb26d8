"""The lossless loops on a real broker, as processes that are really killed."""

import asyncio
from collections.abc import Iterator

import pytest

from infra.kafka.provision import provision
from infra.postgres.migrate import migrate
from tests.engines import Engines
from tests.integration.kafka.stories import KINDS, POISON, Story, play


@pytest.fixture(scope="module")
def stories(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Story]]:
    """All of them, side by side: most of the time is waiting."""
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in KINDS}

    async def tell() -> dict[str, Story]:
        await provision(engines.kafka)
        await migrate(engines.postgres_owner)
        return dict(
            zip(KINDS, await asyncio.gather(*(play(engines, kind, folders[kind]) for kind in KINDS)), strict=True)
        )

    yield asyncio.run(tell())


@pytest.fixture(params=KINDS)
def story(request: pytest.FixtureRequest, stories: dict[str, Story]) -> Story:
    return stories[request.param]


def test_nothing_is_lost(story: Story) -> None:
    good = {name for name in story.sent if name.startswith("good")}
    assert story.made.keys() == good | {"held"}
    assert story.ends[0] == -9, "the first worker was killed with a batch in its hands"
    assert story.begun["held"] > 1


def test_each_poisonous_message_is_a_letter_with_its_place_and_bytes(story: Story) -> None:
    for code, value in POISON.items():
        found = story.letters[story.sent[code]]
        for letter in found:
            assert letter.value == value and letter.header("trawl_code") == code and letter.header("trawl_reason")
        assert len({letter.header("ce_id") for letter in found}) == 1, "written twice it is one letter"


@pytest.mark.parametrize("story", ["faust", "plain"], indirect=True)
def test_a_message_that_makes_the_stage_raise_is_a_letter(story: Story) -> None:
    (letter, *_) = story.letters[story.sent["raising"]]
    assert letter.header("trawl_code") == "handler_failed" and "as I was told" in letter.header("trawl_reason")
    assert letter.value == story.values["raising"]


def test_a_killer_is_a_letter_after_three_tries_at_most(story: Story) -> None:
    assert 0 < story.begun["killer"] <= 3 and story.ends.count(9) == story.begun["killer"]
    (letter, *_) = story.letters[story.sent["killer"]]
    assert letter.header("trawl_code") == "killed_worker" and letter.value == story.values["killer"]


def test_nobody_else_is_blamed(story: Story) -> None:
    """Neither of its own messages nor of the other stories' that it met."""
    bad = {*POISON, "raising", "killer"} & story.sent.keys()
    codes = {place: {letter.header("trawl_code") for letter in found} for place, found in story.letters.items()}
    assert {place for place in codes if place in story.sent.values()} == {story.sent[name] for name in bad}
    assert {place for place, found in codes.items() if "killed_worker" in found} == {story.sent["killer"]}


def test_the_last_worker_ends_in_good_order_with_everything_acknowledged(story: Story) -> None:
    assert story.ends[-1] == 0
    assert story.lag == 0
