from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.trends.detector import FEW_KEYS
from streams.trends.observations import Finding, Observation
from streams.trends.snapshot import BLOCK, SnapshotError
from streams.trends.state import DAYS_BLOCK, PartitionState
from tests.unit.trends.streams_of_numbers import walks

Message = tuple[str, list[Observation]]


def messages(seed: int, count: int = 320, series: int = 14) -> list[Message]:
    """Messages of two datasets: each has some series, in any order, a few of them several times, prices and numbers."""
    random = np.random.default_rng(seed)
    values = iter(walks(seed, count * 3, series).tolist())
    result = []
    for number in range(count):
        rows = [next(values) for _ in range(1 + int(random.random() < 0.1))]
        chosen = random.permutation(series)[: random.integers(1, series + 1)].tolist()
        observations = [
            Observation(
                record_key=f"sku-{key}",
                field="price" if key % 2 else "stock",
                kind="price" if key % 2 else "number",
                value=row[key],
                at=1.79e9 + number * 600,
                record_id=f"record-{number}-{key}-{repeat}",
                url="https://shop.example/",
            )
            for repeat, row in enumerate(rows)
            for key in chosen
        ]
        result.append(("deals" if number % 3 else "news", observations))
    return result


def through(state: PartitionState, some: list[Message]) -> Iterator[Finding]:
    for dataset, observations in some:
        yield from state.observe(dataset, observations)


@settings(max_examples=8, deadline=None)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 319), min_size=1, max_size=4),
    st.booleans(),
    st.sampled_from([1000, 17]),
)
def test_a_snapshot_at_any_point_changes_nothing(seed: int, points: list[int], by_blocks: bool, most: int) -> None:
    """Taken, loaded, gone on: the same alarms and the same bytes as without; blocks or one piece alike, and whether
    there is room for all series or some must be forgotten again and again."""
    story = messages(seed)
    whole = PartitionState(FEW_KEYS, most)
    expected = list(through(whole, story))
    assert (whole.retired > 100) is (most == 17) and whole.series <= most
    state, start = PartitionState(FEW_KEYS, most), 0
    seen: list[Finding] = []
    stored: dict[int, bytes] = {}
    for stop in [*sorted(points), len(story)]:
        seen += list(through(state, story[start:stop]))
        start = stop
        if by_blocks:
            stored.update(state.dirty_blocks())
            state.confirm_saved()
            state = PartitionState.load_blocks(stored.items(), FEW_KEYS, most)
        else:
            state = PartitionState.load(state.dump(), FEW_KEYS, most)
    assert seen == expected
    assert state.dump() == whole.dump()


def test_the_stories_of_these_tests_do_alarm() -> None:
    assert len(list(through(PartitionState(FEW_KEYS), messages(1)))) >= 5


@pytest.mark.parametrize("cut", [1, 2, 5])
@pytest.mark.parametrize("most", [1000, 3])
def test_series_of_one_message_may_be_split_without_a_difference(cut: int, most: int) -> None:
    """The split that a redelivery in other batches could make at worst: the state has the same bytes. With room for
    three series a message makes some forget others of the same message."""
    whole, parts = PartitionState(FEW_KEYS, most), PartitionState(FEW_KEYS, most)
    story = messages(3, count=150)
    expected = list(through(whole, story))
    pieces = [(name, many[at : at + cut]) for name, many in story for at in range(0, len(many), cut)]
    seen = list(through(parts, pieces))
    assert seen == expected
    assert parts.dump() == whole.dump()


def price(value: float, *, key: str = "sku-1", at: float = 1.79e9, record: str = "r") -> Observation:
    return Observation(key, "price", "price", value, at, record, "https://shop.example/1")


def test_an_alarm_says_which_observation_and_shows_the_values_around_it() -> None:
    state = PartitionState(FEW_KEYS)
    for index in range(90):
        assert state.observe("deals", [price(49.9 + index % 3 / 100, at=1.79e9 + index)]) == []
    last = [price(50.0, at=1.79e9 + 90), price(39.9, at=1.79e9 + 91, record="culprit"), price(10.0, at=1.79e9 + 92)]
    (alarm,) = state.observe("deals", last)
    assert alarm.dataset == "deals"
    assert alarm.observation.record_id == "culprit"
    assert alarm.score >= FEW_KEYS.bar
    assert alarm.direction == "down"
    assert len(alarm.values) == 20
    assert alarm.values[-2:] == (50.0, 39.9)
    assert alarm.values[:-2] == tuple(49.9 + index % 3 / 100 for index in range(72, 90))


def test_one_series_too_many_takes_the_place_of_the_one_seen_least_recently() -> None:
    """That one is forgotten wholly: when it comes again it is as new."""
    state = PartitionState(FEW_KEYS, most_series=2)
    for index in range(100):
        state.observe("deals", [price(50.0 + index % 3, key="a")])
    state.observe("deals", [price(1.0, key="b"), price(50.0, key="a"), price(2.0, key="c"), price(3.0, key="d")])
    assert (state.series, state.retired) == (2, 2)
    again = PartitionState(FEW_KEYS, most_series=1)
    for key, value in (("z", 7.0), ("a", 5.0)):
        again.observe("deals", [price(value, key=key)])
    alone = PartitionState(FEW_KEYS)
    alone.observe("deals", [price(5.0, key="a")])
    for one in (again, alone):
        one._index.seen[0] = 0  # that something was seen before is all that is left of it
    assert again.dump() == alone.dump()


def test_series_that_stay_are_told_of_as_if_there_were_room_for_all() -> None:
    """Those that come again and again, among thousands that come once: what is forgotten beside them, and that all is
    saved and loaded meanwhile, changes nothing that is said of them."""
    story = [(name, [one._replace(record_key=f"hot {one.record_key}") for one in many]) for name, many in messages(2)]
    ample, tight = PartitionState(FEW_KEYS, 50_000), PartitionState(FEW_KEYS, 1500)
    said: dict[bool, list[Finding]] = {True: [], False: []}
    for number, (name, many) in enumerate(story):
        passing = [price(10.0 + number, key=f"cold {number} {one}") for one in range(50)]
        for room, state in ((True, ample), (False, tight)):
            said[room] += state.observe(name, [*passing[:25], *many, *passing[25:]])
        if number == len(story) // 2:
            tight = PartitionState.load(tight.dump(), FEW_KEYS, 1500)
    assert tight.retired > 5000 and tight.series == 1500 and ample.retired == 0
    assert len(said[True]) >= 5
    assert said[False] == said[True]


def test_a_bound_that_was_lowered_holds_from_then_on() -> None:
    state = PartitionState(FEW_KEYS)
    state.observe("deals", [price(1.0, key=str(key)) for key in range(10)])
    smaller = PartitionState.load(state.dump(), FEW_KEYS, 4)
    smaller.observe("deals", [price(1.0, key="new"), price(1.0, key="0"), price(2.0, key="9")])
    assert (smaller.series, smaller.retired) == (10, 2), "0 had been forgotten for the new one"


def test_a_snapshot_of_the_older_layout_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """It did not say when a series was last seen: all are as old, and the first slot goes first."""
    state = PartitionState(FEW_KEYS)
    state.observe("deals", [price(1.0, key="a"), price(2.0, key="b")])
    with monkeypatch.context() as older:
        older.setattr("streams.trends.snapshot.VERSION", 1)
        older.setattr(state, "_hot", lambda: PartitionState._hot(state)[:-5])
        released = state.dirty_blocks()
    loaded = PartitionState.load_blocks([one for one in released if one[0] < DAYS_BLOCK], FEW_KEYS, 2)
    assert loaded.series == 2
    loaded.observe("deals", [price(3.0, key="c"), price(2.0, key="b")])
    assert loaded.retired == 1


@pytest.mark.parametrize(
    "bad",
    [
        price(float("nan")),
        price(float("inf")),
        price(1.0, at=float("nan")),
        price(1.0, at=1e12),
        price(1.0)._replace(kind="weight"),  # type: ignore[arg-type]
    ],
    ids=["nan", "infinite", "no time", "far future", "unknown kind"],
)
def test_a_message_with_a_bad_observation_changes_nothing(bad: Observation) -> None:
    state = PartitionState(FEW_KEYS)
    state.observe("deals", [price(5.0)])
    before = state.dump()
    with pytest.raises(ValueError, match=r"finite|time|neither"):
        state.observe("deals", [price(6.0), price(7.0, key="new"), bad])
    assert state.dump() == before


def test_only_changed_blocks_are_given_until_they_are_confirmed() -> None:
    state = PartitionState(FEW_KEYS)
    state.observe("deals", [price(1.0, key=str(key)) for key in range(2 * BLOCK + 10)])
    stored = dict(state.dirty_blocks())
    assert sorted(stored) == [0, 1, 2]
    assert sorted(dict(state.dirty_blocks())) == [0, 1, 2]
    state.confirm_saved()
    assert state.dirty_blocks() == []
    state.observe("deals", [price(2.0, key=str(BLOCK + 3))])
    changed = dict(state.dirty_blocks())
    assert sorted(changed) == [1]
    state.observe("deals", [price(2.0, key="0")])
    state.confirm_saved()
    later = dict(state.dirty_blocks())
    assert sorted(later) == [0]
    loaded = PartitionState.load_blocks({**stored, **changed, **later}.items(), FEW_KEYS)
    assert loaded.series == state.series
    assert loaded.dump() == state.dump()


def test_a_loaded_state_has_nothing_to_save() -> None:
    state = PartitionState(FEW_KEYS)
    state.observe("deals", [price(1.0)])
    assert PartitionState.load(state.dump(), FEW_KEYS).dirty_blocks() == []
    assert PartitionState.load(PartitionState(FEW_KEYS).dump(), FEW_KEYS).series == 0


def test_missing_or_doubled_blocks_are_noticed() -> None:
    state = PartitionState(FEW_KEYS)
    state.observe("deals", [price(1.0, key=str(key)) for key in range(2 * BLOCK)])
    first, second = state.dirty_blocks()
    with pytest.raises(SnapshotError, match="missing"):
        PartitionState.load_blocks([second], FEW_KEYS)
    with pytest.raises(SnapshotError, match="another block"):
        PartitionState.load_blocks([first, (1, first[1])], FEW_KEYS)
