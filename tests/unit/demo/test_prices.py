"""Moving prices: bounded noise, planted events, nothing else."""

from collections import Counter
from decimal import Decimal

import pytest

from demo.prices import DEALS, NOISE, QUIET_VISITS, PlantedEvent, base_prices, deals, noise, planted, price_at

_SEEDS = [7, 1, 2, 3]
_VISITS = 120
_ROUNDING = Decimal("0.0051")


@pytest.mark.parametrize("seed", _SEEDS)
def test_a_hundred_deals_cheaper_than_on_the_shelf(seed: int) -> None:
    chosen = deals(seed)
    assert len({product.sku for product in chosen}) == DEALS == 100
    assert all(base_prices(seed)[product.sku] < product.price for product in chosen)


@pytest.mark.parametrize("seed", _SEEDS)
def test_noise_is_bounded_centred_and_bell_shaped(seed: int) -> None:
    values = [noise(seed, product.sku, visit) for product in deals(seed) for visit in range(1, 31)]
    assert all(abs(value) <= NOISE for value in values)
    assert abs(sum(values) / len(values)) < NOISE / 20
    near = sum(abs(value) < NOISE / 2 for value in values) / len(values)
    assert 0.8 < near < 0.95
    assert len(set(values)) == len(values)


@pytest.mark.parametrize("seed", _SEEDS)
def test_prices_without_an_event_stay_within_the_noise(seed: int) -> None:
    eventful = {event.sku for event in planted(seed)}
    for sku, base in base_prices(seed).items():
        last = QUIET_VISITS if sku in eventful else _VISITS
        bound = base * Decimal(str(NOISE)) + _ROUNDING
        assert all(abs(price_at(seed, sku, visit) - base) <= bound for visit in range(1, last + 1))


@pytest.mark.parametrize("seed", range(20))
def test_five_drops_three_spikes_one_shift_one_a_product_and_all_in_time(seed: int) -> None:
    events = planted(seed)
    assert Counter(event.kind for event in events) == {"drop": 5, "spike": 3, "shift": 1}
    assert len({event.sku for event in events}) == len(events)
    assert {event.sku for event in events} <= set(base_prices(seed))
    assert all(event.visit > QUIET_VISITS and event.visit + event.length <= _VISITS for event in events)
    assert list(events) == sorted(events, key=lambda event: (event.visit, event.sku))


@pytest.mark.parametrize("seed", _SEEDS)
def test_each_event_stands_out_at_its_height(seed: int) -> None:
    for event in planted(seed):
        change = event.to_price / event.from_price - 1
        low, high = {"drop": (-0.21, -0.07), "spike": (0.11, 0.31), "shift": (0.06, 0.13)}[event.kind]
        assert Decimal(str(low)) < change < Decimal(str(high))
        height = event.visit + event.length - 1 if event.kind == "shift" else event.visit
        bound = event.to_price * Decimal(str(NOISE)) + _ROUNDING
        assert abs(price_at(seed, event.sku, height) - event.to_price) <= bound


def _event(kind: str, length: int) -> PlantedEvent:
    return PlantedEvent("LK-1", kind, 70, length, Decimal(10), Decimal(12))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("event", "levels"),
    [
        (_event("drop", 1), {69: 0.0, 70: 1.0, 71: 1.0, 120: 1.0}),
        (_event("spike", 2), {69: 0.0, 70: 1.0, 71: 1.0, 72: 0.0}),
        (_event("shift", 4), {69: 0.0, 70: 0.25, 71: 0.5, 73: 1.0, 120: 1.0}),
    ],
    ids=["drop", "spike", "shift"],
)
def test_the_course_of_an_event(event: PlantedEvent, levels: dict[int, float]) -> None:
    assert {visit: event.level(visit) for visit in levels} == levels


def test_a_price_does_not_depend_on_what_was_asked_before(seed: int) -> None:
    sku = deals(seed)[0].sku
    forward = [price_at(seed, sku, visit) for visit in range(1, 80)]
    backward = [price_at(seed, sku, visit) for visit in range(79, 0, -1)]
    assert forward == backward[::-1]
    assert len(set(forward)) > 10


def test_a_product_that_is_no_deal_has_no_moving_price(seed: int) -> None:
    with pytest.raises(KeyError):
        price_at(seed, "LK-00000", 1)
