import pytest

from streams.trends.series import DIGEST_SIZE, SeriesIndex, series_digest


def test_slots_are_dense_and_stay() -> None:
    index = SeriesIndex(most=10)
    names = [("deals", "a", "price"), ("deals", "a", "stock"), ("news", "a", "price"), ("deals", "b", "price")]
    assert [index.place(*name) for name in names] == [0, 1, 2, 3]
    assert [index.place(*name) for name in reversed(names)] == [3, 2, 1, 0]
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


def test_beyond_the_bound_new_series_are_refused_and_counted() -> None:
    index = SeriesIndex(most=1)
    assert index.place("deals", "a", "price") == 0
    assert index.place("deals", "b", "price") is None
    assert index.place("deals", "b", "price") is None
    assert index.place("deals", "a", "price") == 0
    assert (len(index), index.refused) == (1, 2)


def test_names_come_back_in_their_slots() -> None:
    index = SeriesIndex(most=100)
    for number in range(20):
        index.place("deals", str(number), "price")
    restored = SeriesIndex(most=100)
    restored.restore(index.digests(0, 8))
    restored.restore(index.digests(8, 20))
    assert [restored.place("deals", str(number), "price") for number in range(20)] == list(range(20))
    assert len(index.digests(0, 20)) == 20 * DIGEST_SIZE
    with pytest.raises(ValueError, match="two slots"):
        restored.restore(index.digests(3, 4))
