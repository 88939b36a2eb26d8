import pytest

from streams.trends.series import DIGEST_SIZE, SeriesIndex, series_digest


def test_slots_are_dense_and_stay() -> None:
    index = SeriesIndex(most=10)
    names = [("deals", "a", "price"), ("deals", "a", "stock"), ("news", "a", "price"), ("deals", "b", "price")]
    assert [index.place(*name) for name in names] == [(slot, False) for slot in (0, 1, 2, 3)]
    assert [index.place(*name) for name in reversed(names)] == [(slot, False) for slot in (3, 2, 1, 0)]
    assert len(index) == 4


def test_no_two_names_are_one_series() -> None:
    names = [
        ("a", "bc", "d"),
        ("ab", "c", "d"),
        ("a", "b", "cd"),
        ("a", "", "bcd"),
        ("1:a", "b", "c"),
        ("a", "\ud800", ""),
    ]
    assert len({series_digest(*name) for name in names}) == len(names)


def test_beyond_the_bound_the_least_recently_seen_gives_its_slot() -> None:
    index = SeriesIndex(most=2)
    seen = [index.place("deals", key, "price") for key in "abacab"]
    assert seen == [(0, False), (1, False), (0, False), (1, True), (0, False), (1, True)]
    assert len(index) == 2


def test_names_and_their_order_come_back_in_their_slots() -> None:
    index = SeriesIndex(most=20)
    for number in [*range(20), *range(10)]:
        index.place("deals", str(number), "price")
    restored = SeriesIndex(most=20)
    restored.restore(index.digests(0, 8))
    restored.restore(index.digests(8, 20))
    restored.seen[:20] = index.seen[:20]
    restored.restore_order()
    assert len(index.digests(0, 20)) == 20 * DIGEST_SIZE
    for name in ("new", "newer", "3", "10", "newest"):
        assert restored.place("deals", name, "price") == index.place("deals", name, "price")
    with pytest.raises(ValueError, match="two slots"):
        restored.restore(index.digests(3, 4))
