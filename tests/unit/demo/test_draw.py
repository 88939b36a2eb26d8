"""Draw: the same choices everywhere, within their bounds."""

from collections import Counter

from demo.draw import Draw


def test_the_same_key_gives_the_same_choices() -> None:
    first, second = Draw(7, "x"), Draw(7, "x")
    assert [first.unit() for _ in range(40)] == [second.unit() for _ in range(40)]


def test_another_key_gives_other_choices() -> None:
    assert Draw(7, "x").unit() != Draw(8, "x").unit()
    assert Draw("1", "23").unit() != Draw("12", "3").unit()


def test_the_bits_are_pinned() -> None:
    # BLAKE2b of the key: any other machine or version of Python must give these too.
    draw = Draw(7, "pinned")
    assert [draw.whole(0, 999) for _ in range(5)] == [971, 933, 152, 735, 244]


def test_numbers_stay_within_their_bounds() -> None:
    draw = Draw("bounds")
    assert all(0.0 <= draw.unit() < 1.0 for _ in range(1000))
    assert {draw.whole(3, 5) for _ in range(200)} == {3, 4, 5}
    assert all(-2.0 <= draw.between(-2.0, 1.0) < 1.0 for _ in range(1000))


def test_some_takes_no_place_twice_and_all_of_them_alike() -> None:
    counts: Counter[int] = Counter()
    for key in range(2000):
        chosen = Draw("some", key).some(range(10), 3)
        assert len(set(chosen)) == 3
        counts.update(chosen)
    assert all(480 < counts[item] < 720 for item in range(10))


def test_some_of_too_few_is_all_of_them() -> None:
    assert sorted(Draw("few").some([1, 2, 3], 10)) == [1, 2, 3]
