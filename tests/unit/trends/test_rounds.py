import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.trends.detector.rounds import rounds


@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 20))
def test_every_position_once_each_slot_once_a_round_and_in_order(slots: list[int], most: int) -> None:
    array = np.array(slots, dtype=np.intp)
    positions = np.arange(len(slots))
    parts = [positions[part].tolist() for part in rounds(array, most)]
    assert sorted(position for part in parts for position in part) == positions.tolist()
    for part in parts:
        assert 0 < len(part) <= most
        assert len({slots[position] for position in part}) == len(part)
    for slot in set(slots):
        visits = [position for part in parts for position in part if slots[position] == slot]
        assert visits == sorted(visits)


def test_rising_slots_are_not_copied_and_others_come_in_the_order_of_memory() -> None:
    assert list(rounds(np.array([1, 3, 4]), 2)) == [slice(0, 2), slice(2, 4)]
    assert [part.tolist() for part in rounds(np.array([4, 1, 3]), 10) if not isinstance(part, slice)] == [[1, 2, 0]]
    repeats = [part.tolist() for part in rounds(np.array([4, 1, 4, 3, 1]), 10) if not isinstance(part, slice)]
    assert repeats == [[1, 3, 0], [4, 2]]
