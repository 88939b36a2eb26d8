from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.events import CleanBatch, Trend, TrendRule, TrendRules, TrendSeries, TrendTerms
from streams.trends.detector import FEW_KEYS
from streams.trends.watch import Watch
from tests.unit.trends.stories import BEGIN, batch, told

DAY = 86400.0


def quiet(prices: list[float], every: float = 600.0, rules: TrendRules | None = None) -> list[CleanBatch]:
    return [
        batch(index, [("sku-1", {"name": "Tea", "price": price})], BEGIN + index * every, rules=rules)
        for index, price in enumerate(prices)
    ]


def test_a_price_that_falls_and_comes_back_is_one_happening_told_twice() -> None:
    usual = [49.9 + index % 3 / 100 for index in range(120)]
    began, ended = told(quiet([*usual, *[39.9] * 12, *usual[:40]]))
    assert (began.detector, began.phase, began.direction) == ("point", "began", "down")
    assert (ended.phase, ended.closes, ended.direction) == ("ended", began.id, "up")
    assert ended.before == 39.9
    assert ended.after == pytest.approx(49.9, abs=0.03)
    assert ended.sentence.startswith("Price of sku-1 in deals is back, from 39.90 to 49.9")
    assert ended.id != began.id


def test_a_price_that_stays_where_it_fell_ends_nothing() -> None:
    usual = [49.9 + index % 3 / 100 for index in range(120)]
    (began,) = told(quiet([*usual, *[39.9 + index % 3 / 100 for index in range(75)]]))
    assert began.phase == "began"


def test_history_that_comes_late_is_no_news() -> None:
    usual = [49.9 + index % 3 / 100 for index in range(120)]
    old = [batch(500 + index, [("sku-1", {"price": 20.0})], BEGIN - index * DAY) for index in range(20)]
    assert told([*quiet(usual), *old]) == []


def daily(levels: list[float], keys: int = 6, noise: float = 0.3) -> Iterator[CleanBatch]:
    """Some things read once a day each; the first of them has these levels, the others stay where they are."""
    random = np.random.default_rng(3)
    for day, level in enumerate(levels):
        values = [level, *[80.0 + key for key in range(1, keys)]] + random.normal(size=keys) * noise
        records = [(f"sku-{key}", {"rank": float(value)}) for key, value in enumerate(values)]
        yield batch(day, records, BEGIN + day * DAY + 7200)


def test_a_level_of_daily_values_that_changes_is_told_where_the_values_are_too_few_for_points() -> None:
    (found,) = told(daily([60.0] * 20 + [57.0] * 20))
    assert (found.detector, found.kind, found.direction, found.record_key) == ("change_point", "shift", "down", "sku-0")
    assert found.before == pytest.approx(60, abs=0.3)
    assert found.after == pytest.approx(57, abs=0.5)
    assert "Rank of sku-0 in deals changed its level from" in found.sentence
    assert found.url == "https://shop.example/c/tea/17"


def test_what_rises_slowly_is_told_once_the_company_is_known() -> None:
    found = told(daily([60.0 + day * 0.05 for day in range(50)], noise=0.4))
    slow = [one for one in found if one.detector == "slow_trend"]
    assert [one.record_key for one in slow] == ["sku-0"]
    assert slow[0].direction == "up"
    assert "has been rising slowly" in slow[0].sentence


def test_records_a_minute_are_watched_without_the_edges_of_runs() -> None:
    def run(first: int, minutes: int, per_minute: int, begin: float) -> Iterator[CleanBatch]:
        for minute in range(minutes):
            for part in range(4):
                records = [(f"k{number}", {"name": "x"}) for number in range(per_minute // 4)]
                yield batch(first + minute * 4 + part, records, begin + minute * 60 + part * 15 + 20)

    calm = [*run(0, 120, 40, BEGIN), *run(1000, 60, 40, BEGIN + DAY)]
    assert told(calm) == []
    found = told([*calm, *run(2000, 20, 4, BEGIN + DAY + 3600)])
    assert [one.detector for one in found] == ["rate"]
    assert (found[0].before, found[0].direction, found[0].record_key) == (40.0, "down", "")
    assert found[0].sentence.startswith("Records a minute in deals fell from 40 to 13 (−67.5 %)"), (
        "the minute of the fall"
    )


def products(number: int, redesigned: bool) -> CleanBatch:
    fields = {"name": "A tea of the usual kind", "sku": "x"} | ({} if redesigned else {"price": 10.0})
    records = [(f"sku-{number % 7}-{index}", dict(fields)) for index in range(10)]
    url = f"https://shop.example/c/tea/{number % 7}"
    return batch(number, records, BEGIN + number * 5, run="second" if redesigned else "first", url=url)


def test_a_redesigned_site_is_told_within_the_run_and_when_it_is_as_before() -> None:
    story = [products(number, 40 <= number < 50) for number in range(60)]
    began, ended = told(story)
    assert (began.detector, began.record_key, began.field) == ("drift", "shop.example/c/tea/*", "share_of_price")
    assert (began.before, began.after, began.run_id) == (1.0, 0.0, "second")
    assert told(story[:44])[0] == began, "after forty records of the new design"
    assert began.sentence.startswith("The share of records with price on pages shop.example/c/tea/* in deals changed")
    assert (ended.closes, ended.phase) == (began.id, "ended")


def test_records_that_lack_what_is_required_are_a_drift_too() -> None:
    story = [products(number, False) for number in range(40)]
    story += [batch(number, [], BEGIN + number * 5, rejected=10) for number in range(40, 44)]
    assert {one.field for one in told(story)} == {"share_of_name", "share_of_price", "share_of_sku"}


def test_a_field_that_is_sometimes_there_is_no_drift() -> None:
    random = np.random.default_rng(8)

    def story(seed: int) -> Iterator[CleanBatch]:
        for number in range(200):
            chance = 0.15 + 0.2 * random.random()
            records = [
                (f"k{seed}-{number}-{one}", {"name": "x" * 20} | ({"sale": "yes"} if random.random() < chance else {}))
                for one in range(20)
            ]
            yield batch(number, records, BEGIN + number * 60)

    assert [one for seed in range(5) for one in told(story(seed)) if one.detector == "drift"] == []


def test_rules_speak_at_once_and_end_what_they_began() -> None:
    rules = TrendRules(
        rules=[
            TrendRule(when="below", field="price", than=45.0, times=2),
            TrendRule(when="change", field="price", than=0.05),
        ]
    )
    found = told(quiet([50.0, 44.0, 44.5, 44.0, 50.0], rules=rules))
    assert [(one.rule, one.phase) for one in found] == [
        ("price changes by 5 % or more", "began"),
        ("price below 45, 2 values in a row", "began"),
        ("price below 45, 2 values in a row", "ended"),
        ("price changes by 5 % or more", "began"),
    ]
    assert found[2].closes == found[1].id
    assert found[1].sentence.startswith("Price of sku-1 in deals is below 45.00: 44.50 at 2026-09-2")
    assert found[1].values == [50.0, 44.0, 44.5]


def test_a_job_adds_series_leaves_fields_out_and_chooses_its_sensitivity() -> None:
    rules = TrendRules(sensitivity="few", ignore=["price"], series=[TrendSeries(field="price", key=["brand"])])
    usual = [49.9 + index % 3 / 100 for index in range(120)]
    story = [
        batch(index, [(f"sku-{index}", {"brand": "Acme", "price": price})], BEGIN + index * 600, rules=rules)
        for index, price in enumerate([*usual, 30.0])
    ]
    (found,) = told(story)
    assert (found.record_key, found.field, found.after) == ("brand=Acme", "price", 30.0)
    assert told([one for one in story if one.id != story[-1].id]) == []
    off = TrendRules(enabled=False)
    assert told(quiet([*usual, 30.0], rules=off)) == []


def news(slot: int, sources: int, word: str) -> Iterator[CleanBatch]:
    """In each hour eight sites write of tea; so many of them also of something else, one of them five times."""
    rules = TrendRules(terms=TrendTerms(fields=["title"]))
    for site in range(8):
        title = f"Tea {word}" if site < sources else "Tea"
        data = [
            (f"{slot}-{site}-{repeat}", {"title": title, "url": f"https://site{site}.example/{slot}"})
            for repeat in range(5 if site == 0 else 1)
        ]
        yield batch(slot * 10 + site, data, BEGIN + slot * 3600 + site * 60, rules=rules)


def test_a_word_that_many_speak_of_at_once_is_told_and_one_who_repeats_himself_is_not() -> None:
    story = [one for slot in range(60) for one in news(slot, 1 if slot < 40 else 6 if slot < 46 else 0, "oolong")]
    found = [one for one in told(story) if one.detector == "term"]
    assert [(one.record_key, one.phase) for one in found] == [("oolong", "began"), ("oolong", "ended")]
    assert found[0].sentence.startswith("“oolong” is spoken of by 6 sources at once in deals")
    assert (found[0].after, found[1].closes) == (6.0, found[0].id)


def everything(seed: int) -> list[CleanBatch]:
    """Months in which all of it happens: prices fall, levels change, a site is redesigned, words burst."""
    random = np.random.default_rng(seed)
    rules = TrendRules(
        terms=TrendTerms(fields=["name"], source="shop", slot=DAY),
        rules=[TrendRule(when="above", field="price", than=60.0), TrendRule(when="change", field="rank", than=0.2)],
    )
    story = []
    for number in range(240):
        day = number // 3
        records = []
        for key in range(7):
            level = 50.0 + key - (8 if day > 50 and key == 2 else 0) + (0.2 * day if key == 3 else 0)
            spike = 40.0 if random.random() < 0.004 else 0.0
            word = "oolong" if 60 <= day < 64 else f"green{key}"
            data = {"name": f"Tea {word}", "shop": f"s{key % 6}", "rank": level + float(random.normal()) * 0.2}
            if not 150 < number < 170:
                data["price"] = level + spike
            records.append((f"sku-{key}", data))
        at = BEGIN + day * DAY + number % 3 * 7200 + 4000
        story.append(batch(number, records, at, dataset="deals" if number % 4 else "news", rules=rules))
    return story


def test_the_story_of_everything_has_all_of_it() -> None:
    found = told(everything(1))
    assert {one.detector for one in found} >= {"point", "change_point", "slow_trend", "rule", "drift", "term"}
    assert {one.phase for one in found} == {"began", "ended"}
    assert len({one.id for one in found}) == len(found)
    opened = {one.id for one in found if one.phase == "began"}
    assert all(one.closes in opened for one in found if one.phase == "ended")


@settings(max_examples=2, deadline=None)
@example(1, [140, 163, 183, 200], 1000)
@given(st.integers(0, 1000), st.lists(st.integers(1, 239), min_size=1, max_size=5), st.sampled_from([1000, 20]))
def test_a_snapshot_at_any_point_changes_nothing(seed: int, points: list[int], most: int) -> None:
    """Killed and loaded wherever: the same trends byte for byte, the same blocks at the end."""
    story = everything(seed)
    whole = Watch(FEW_KEYS, most)
    expected = told(story, whole)
    stored: dict[int, bytes] = {}
    watch, seen, start = Watch(FEW_KEYS, most), list[Trend](), 0
    for stop in [*sorted(points), len(story)]:
        seen += told(story[start:stop], watch)
        stored.update(watch.dirty_blocks())
        watch.confirm_saved()
        watch = Watch.load_blocks(stored.items(), FEW_KEYS, most)
        start = stop
    assert seen == expected
    assert stored == dict(whole.dirty_blocks())
