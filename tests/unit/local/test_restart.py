from hypothesis import given
from hypothesis import strategies as st

from infra.local.restart import RestartPolicy

POLICY = RestartPolicy(first_s=0.2, longest_s=10.0, crashes=5, within_s=60.0)


def test_the_waits_double_and_five_crashes_in_a_minute_end_it() -> None:
    crashes: list[float] = []
    waits = []
    for at in range(5):
        crashes.append(float(at))
        waits.append(POLICY.delay(crashes, float(at), chance=1.0))
    assert waits == [0.2, 0.4, 0.8, 1.6, None]


def test_a_minute_of_good_work_forgives_everything() -> None:
    crashes = [0.0, 1.0, 2.0, 3.0]
    assert POLICY.delay([*crashes, 63.0], 63.0, chance=1.0) == 0.2
    assert POLICY.delay([*crashes, 61.5], 61.5, chance=1.0) == 0.8


def test_crashes_now_and_then_never_end_it() -> None:
    crashes: list[float] = []
    for at in range(0, 6000, 16):
        crashes.append(float(at))
        assert POLICY.delay(crashes, float(at), chance=0.0) is not None


@given(
    st.lists(st.floats(0, 1000), min_size=1, max_size=20).map(sorted),
    st.floats(0, 1, exclude_max=True),
)
def test_a_wait_is_between_half_and_all_of_its_step(crashes: list[float], chance: float) -> None:
    now = crashes[-1]
    wait = POLICY.delay(crashes, now, chance)
    recent = [at for at in crashes if now - at < 60.0]
    if len(recent) >= 5:
        assert wait is None
    else:
        step = min(10.0, 0.2 * 2 ** (len(recent) - 1))
        assert wait is not None
        assert step / 2 <= wait <= step
