from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import CleanBatch, Mark, RecordMarks, Trend, TrendRule, TrendRules
from streams.trends.datasets import MOST_JOBS
from streams.trends.detector import FEW_KEYS
from streams.trends.memory.likeness import fingerprint, nearest
from streams.trends.memory.versions import SIZE, differences, shortened, written
from streams.trends.snapshot import SnapshotError
from streams.trends.watch import Watch
from tests.unit.trends.stories import BEGIN, Record, batch

RULES = TrendRules(memory=True)
TEXT = " ".join(f"word{number * 7 % 61} of the {number % 13}th long tale" for number in range(60))


def message(number: int, records: Sequence[Record], run: str = "run-1", rules: TrendRules = RULES) -> CleanBatch:
    return batch(number, records, BEGIN + number, run=run, rules=rules)


def marked(watch: Watch, one: CleanBatch) -> list[Mark]:
    return [mark for told in watch.take(one) if isinstance(told, RecordMarks) for mark in told.marks]


def states(marks: Sequence[Mark]) -> list[tuple[str, str]]:
    return [(mark.key, mark.state) for mark in marks]


def tea(price: float, **more: Any) -> dict[str, Any]:
    return {"name": "Tea", "price": price} | more


def test_a_record_is_new_then_unchanged_then_changed_from_what_to_what() -> None:
    watch = Watch(FEW_KEYS)
    first = message(1, [("a", tea(10.0)), ("b", tea(11.0))])
    assert states(marked(watch, first)) == [("a", "new"), ("b", "new")]
    second = message(2, [("a", tea(10.0)), ("b", tea(9.0, sale="yes"))], "run-2")
    (told,) = [one for one in watch.take(second) if isinstance(one, RecordMarks)]
    assert told.unchanged == 1
    (mark,) = told.marks
    assert (mark.state, mark.record_id, mark.other) == ("changed", second.records[1].id, first.records[1].id)
    assert mark.fields == {"price": [11.0, 9.0], "sale": [None, "yes"]}
    assert marked(watch, message(3, [("b", tea(9.0))], "run-3"))[0].fields == {"sale": ["yes", None]}


def test_the_same_twice_in_one_run_repeats_the_first() -> None:
    watch = Watch(FEW_KEYS)
    first = message(1, [("a", tea(10.0)), ("a", tea(10.0))])
    assert [(mark.state, mark.other) for mark in marked(watch, first)] == [("new", ""), ("repeat", first.records[0].id)]
    assert states(marked(watch, message(2, [("a", tea(10.0))], "run-2"))) == []


def test_what_a_whole_run_does_not_see_is_gone_once_and_comes_back_as_new() -> None:
    watch = Watch(FEW_KEYS)
    everything = [(key, tea(10.0)) for key in "abcdef"]
    assert len(marked(watch, message(1, everything, "run-1"))) == 6
    assert marked(watch, message(2, everything[1:], "run-2")) == []
    assert states(marked(watch, message(3, everything[1:], "run-3"))) == [("a", "gone")]
    assert marked(watch, message(4, everything[1:], "run-4")) == []
    assert states(marked(watch, message(5, everything, "run-5"))) == [("a", "new")]


def test_a_run_that_saw_little_makes_nothing_gone() -> None:
    watch = Watch(FEW_KEYS)
    everything = [(key, tea(10.0)) for key in "abcdef"]
    for number, records in enumerate([everything, everything[:2], everything]):
        assert not any(mark.state == "gone" for mark in marked(watch, message(number, records, f"run-{number}")))


def test_only_what_a_run_did_not_see_that_is_said_to_be_whole_is_gone() -> None:
    everything = [(key, tea(10.0)) for key in "abcdef"]

    def gone(*said: str | None) -> list[str]:
        """What the runs tell of which each but the first two lacks a key; `said` is which run was whole before each."""
        watch, found = Watch(FEW_KEYS), []
        for number, whole in enumerate(said, start=1):
            records = everything if number == 1 else everything[1:]
            rules = TrendRules(memory=True, whole_run=whole)
            found += states(marked(watch, message(number, records, f"run-{number}", rules)))
        return [f"{key} {state}" for key, state in found if state == "gone"]

    assert gone(None, None, None) == ["a gone"], "nobody says so"
    assert gone("", "run-1", "run-2", "run-3") == ["a gone"]
    assert gone("", "run-1", "run-1") == [], "the second was cut short"
    assert gone("", "run-1", "run-1", "run-3") == ["a gone"]
    assert gone("", "", "", "") == [], "no run is ever whole"
    assert gone("", "elsewhere", "elsewhere") == []


def test_uploads_are_compared_with_those_before_them_of_the_same_owner() -> None:
    watch = Watch(FEW_KEYS)

    def upload(number: int, price: float, whose: str) -> CleanBatch:
        """Each of them is a job and a run of its own."""
        rules = TrendRules(memory=True, memory_of=whose, whole_run="")
        one = message(number, [("a", tea(price)), (f"only {number}", tea(1.0))], f"run-{number}", rules)
        return msgspec.structs.replace(one, job_id=f"job-{number}")

    anna = [marked(watch, upload(number, price, "anna")) for number, price in enumerate((10.0, 10.0, 9.0), 1)]
    assert [states(marks) for marks in anna] == [
        [("a", "new"), ("only 1", "new")],
        [("only 2", "new")],
        [("a", "changed"), ("only 3", "new")],
    ], "and nothing is gone"
    assert anna[2][0].fields == {"price": [10.0, 9.0]}
    assert states(marked(watch, upload(4, 9.0, "otto")))[0] == ("a", "new"), "another's are not hers"
    assert states(marked(watch, upload(5, 9.0, "anna"))) == [("only 5", "new")], "and he has changed none of hers"


def test_runs_that_were_forgotten_are_counted_anew_and_repeat_nothing() -> None:
    watch = Watch(FEW_KEYS)

    def upload(number: int, run: int, whose: str) -> list[Mark]:
        return marked(
            watch, message(number, [("a", tea(10.0))], f"run-{run}", TrendRules(memory=True, memory_of=whose))
        )

    assert states(upload(1, 1, "anna")) == [("a", "new")]
    for number in range(2, 2 + MOST_JOBS):
        upload(number, number, f"nobody {number}")
    assert upload(100, 100, "anna") == [], "her first of those that are counted now"


def test_what_is_left_of_an_earlier_run_does_not_begin_another() -> None:
    watch = Watch(FEW_KEYS)
    everything = [(key, tea(10.0)) for key in "abcd"]
    marked(watch, message(1, everything, "run-1"))
    marked(watch, message(2, everything[:3], "run-2"))
    assert states(marked(watch, message(3, everything[3:], "run-1"))) == [("d", "repeat")], "late, of the run before"
    assert states(marked(watch, message(4, everything[:3], "run-3"))) == [("d", "gone")]


def test_a_long_text_that_is_nearly_another_is_similar_to_it() -> None:
    watch = Watch(FEW_KEYS)
    first = message(1, [("a", {"text": TEXT}), ("b", {"text": TEXT[::-1]})])
    assert states(marked(watch, first)) == [("a", "new"), ("b", "new")]
    new, similar = marked(watch, message(2, [("c", {"text": TEXT.replace("word7 ", "word8 ", 1) + " more"})]))
    assert (new.state, new.other) == ("new", "")
    assert (similar.state, similar.other, similar.record_id) == ("similar", first.records[0].id, new.record_id)
    assert nearest(fingerprint(["short"]), watch._memory._versions.prints) is None


def test_likeness_hides_neither_what_is_new_nor_what_changed() -> None:
    rules = TrendRules(memory=True, rules=[TrendRule(when="new")])
    watch = Watch(FEW_KEYS)
    first = message(1, [(key, tea(10.0, text=TEXT)) for key in "ab"], rules=rules)
    told = watch.take(first)
    assert [one.record_key for one in told if isinstance(one, Trend)] == ["a", "b"]
    (marks,) = [one for one in told if isinstance(one, RecordMarks)]
    assert states(marks.marks) == [("a", "new"), ("b", "new"), ("b", "similar")]
    again = message(2, [("a", tea(9.0, text=TEXT)), ("b", tea(10.0, text=TEXT))], "run-2", rules)
    (marks,) = [one for one in watch.take(again) if isinstance(one, RecordMarks)]
    changed, similar = marks.marks
    assert (changed.state, changed.other, changed.fields) == ("changed", first.records[0].id, {"price": [10.0, 9.0]})
    assert (similar.state, similar.other, similar.fields) == ("similar", first.records[1].id, {})
    assert marks.unchanged == 1


@given(st.dictionaries(st.text(max_size=20), st.one_of(st.text(), st.integers(), st.lists(st.text())), max_size=30))
def test_any_record_fits_and_differs_from_itself_in_nothing(data: dict[str, Any]) -> None:
    content, text = written("key", data)
    assert len(text) <= SIZE
    assert written("key", dict(data))[0] == content
    for cut in (60, 16, 4):
        assert differences({name: shortened(value, cut) for name, value in data.items()}, data) == {}


def test_long_values_are_told_apart_behind_their_beginning() -> None:
    old, new = {"text": TEXT}, {"text": TEXT[:-1] + "!"}
    short = {"text": shortened(old["text"])}
    assert list(differences(short, new)) == ["text"]
    assert differences(short, old) == {}


def test_rules_speak_of_keys_that_are_new_or_gone() -> None:
    rules = TrendRules(memory=True, rules=[TrendRule(when="new"), TrendRule(when="gone")])
    watch = Watch(FEW_KEYS)
    found: list[Trend] = []
    for number, keys in enumerate(["abcd", "abc", "abc"]):
        one = message(number, [(key, tea(1.0)) for key in keys], f"run-{number}", rules)
        found += [told for told in watch.take(one) if isinstance(told, Trend)]
    assert [(one.record_key, one.rule) for one in found] == [*((key, "new") for key in "abcd"), ("d", "gone")]
    assert found[-1].sentence.startswith("d in deals is gone: a whole run did not see it, told at 2026")


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 2)))), max_size=14),
    st.integers(0, 13),
    st.sampled_from([100, 5]),
)
def test_a_snapshot_at_any_point_changes_no_mark(
    story: list[tuple[int, list[tuple[int, int]]]], point: int, most: int
) -> None:
    batches = [
        message(number, [(f"k{key}", tea(float(price), text=TEXT[price:])) for key, price in records], f"run-{run}")
        for number, (run, records) in enumerate(story)
    ]
    whole, first = Watch(FEW_KEYS, most), Watch(FEW_KEYS, most)
    expected = [told for one in batches for told in whole.take(one)]
    seen = [told for one in batches[:point] for told in first.take(one)]
    stored = dict(first.dirty_blocks())
    second = Watch.load_blocks(stored.items(), FEW_KEYS, most)
    seen += [told for one in batches[point:] for told in second.take(one)]
    assert seen == expected
    assert {**stored, **dict(second.dirty_blocks())} == dict(whole.dirty_blocks())


def test_versions_without_their_beginning_are_noticed() -> None:
    watch = Watch(FEW_KEYS)
    watch.take(message(1, [(f"k{key}", {"name": "x"}) for key in range(600)]))
    blocks = [one for one in watch.dirty_blocks() if one[0] != 1_500_000]
    with pytest.raises(SnapshotError, match="missing"):
        Watch.load_blocks(blocks, FEW_KEYS)
