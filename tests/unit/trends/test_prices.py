import numpy as np
import numpy.typing as npt
import pytest

from infra.settings import Settings
from streams.trends.detector import FEW_KEYS, MANY_KEYS, Detector
from tests.bench.streams_of_noise import falls
from tests.unit.trends.streams_of_numbers import noisy_prices

SERIES = 100
Floats = npt.NDArray[np.float64]


def alarms_over(prices: Floats) -> npt.NDArray[np.bool_]:
    """(observations, series): where the detector spoke, with the settings for prices."""
    detector = Detector(FEW_KEYS)
    slots = np.arange(prices.shape[1])
    floors = np.full(len(slots), FEW_KEYS.price_floor)
    seen = [
        detector.observe(slots, row, np.full(len(slots), 1.79e9 + index * 0.5), floors).alarm
        for index, row in enumerate(prices)
    ]
    return np.array(seen)


@pytest.mark.parametrize("noise", [0.0, 0.001, 0.0025])
@pytest.mark.parametrize("drop", [0.03, 0.05, 0.2])
@pytest.mark.parametrize("quiet", [60, 300])
def test_a_drop_on_a_quiet_price_is_found_within_three_observations(noise: float, drop: float, quiet: int) -> None:
    base, wobble = noisy_prices(1, quiet + 3, SERIES, noise, normal=True)
    wobble[quiet:] *= 1 - drop
    alarms = alarms_over(np.round(base * wobble, 2))
    assert not alarms[:quiet].any()
    assert (alarms[quiet:].sum(axis=0) == 1).all()


def test_what_is_the_default_finds_what_the_other_setting_cannot() -> None:
    """A price of a shop rests for months: `many` takes a fall of more than five percent for one, `few` of three."""
    assert Settings.model_fields["trend_sensitivity"].default == "few"
    for drop, few, many in ((0.03, 1.0, 0.0), (0.05, 1.0, 0.0), (0.1, 1.0, 1.0)):
        said = [falls(0.0, drop, preset, 200, 200) for preset in (FEW_KEYS, MANY_KEYS)]
        assert [one.at_once for one in said] == [few, many]
        assert [one.false for one in said] == [0, 0]


def test_with_one_percent_noise_large_drops_are_found_and_small_ones_often() -> None:
    found = {}
    for drop in (0.03, 0.05):
        base, wobble = noisy_prices(1, 403, 1200, 0.01, normal=True)
        wobble[400:] *= 1 - drop
        found[drop] = alarms_over(np.round(base * wobble, 2))[400:].any(axis=0).mean()
    assert found[0.03] >= 0.38, "the specification's 40 %, less what chance does to 1,200 prices"
    assert found[0.05] >= 0.94


def planted(seed: int, noise: float, *, normal: bool) -> tuple[Floats, npt.NDArray[np.int_]]:
    """A shop's deals watched 120 times: in thirty-one series something happens after the sixtieth.

    Fifteen drops, fifteen spikes and one slow rise over twenty observations, of 8 to 25 %. Returns prices and the
    observation at which each series' event begins (120: none).
    """
    random = np.random.default_rng(seed + 1000)
    base, wobble = noisy_prices(seed, 120, SERIES, noise, normal=normal)
    begins = np.full(SERIES, 120)
    size = random.uniform(0.08, 0.25, SERIES)
    for order, series in enumerate(random.permutation(SERIES)[:31].tolist()):
        at = begins[series] = random.integers(62, 95)
        if order < 15:
            wobble[at:, series] *= 1 - size[series]
        elif order < 30:
            wobble[at, series] *= 1 + size[series]
        else:
            wobble[at:, series] *= 1 + size[series] * np.minimum(1, np.arange(1, 121 - at) / 20)
    return np.round(base * wobble, 2), begins


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("normal", [False, True])
def test_every_planted_event_is_found_and_no_other(seed: int, normal: bool) -> None:
    """Noise of ±0.5 %, even or normal with that deviation."""
    prices, begins = planted(seed, 0.005, normal=normal)
    alarms = alarms_over(prices)
    first = np.where(alarms.any(axis=0), alarms.argmax(axis=0), 120)
    assert (first[begins < 120] >= begins[begins < 120]).all()
    assert (alarms.sum(axis=0) == (begins < 120)).all()


@pytest.mark.parametrize("seed", range(3))
def test_with_normal_noise_of_two_percent_errors_stay_few(seed: int) -> None:
    """What is too noisy for sixty values to judge: false alarms in some series, one of ten at most."""
    prices, begins = planted(seed, 0.02, normal=True)
    alarms = alarms_over(prices)
    false = sum(int(alarms[: begins[series], series].sum()) for series in range(SERIES))
    assert false <= SERIES // 10
