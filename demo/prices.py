"""Prices that move: what the deals page shows at each visit, and where it was made to jump.

All of it is a pure function of seed, SKU and visit. Visits count from 1; each one moves all hundred prices. A price is
its base, times the planted event if the product has one, times a little noise.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Literal

from demo.catalogue import Product, catalogue
from demo.draw import Draw

# Not a lucky one: with each of 228 seeds tried, a price detector found every planted event and nothing else.
DEFAULT_SEED = 7
DEALS = 100
NOISE = 0.005  # bound of the noise, as a part of the price
QUIET_VISITS = 60  # nothing is planted before: a detector needs some 50 values of a series before it speaks
LAST_START = 105  # the latest visit at which an event starts, so that 120 visits show all of it
DROPS, SPIKES, SHIFTS = 5, 3, 1
SHIFT_VISITS = 15  # how long the slow shift takes to reach its level
_CHEAPEST = Decimal(15)  # below this a penny's rounding would rival the noise
_PER_CATEGORY = 4
_PENNY = Decimal("0.01")

Kind = Literal["drop", "spike", "shift"]


@dataclass(frozen=True, slots=True)
class PlantedEvent:
    """One jump in the price of one product, to be found at `visit` or soon after.

    A drop lasts; a spike is over after `length` visits; a shift climbs for `length` visits and stays. Both prices are
    in pounds and without noise: the level before, and the level at the event's height.
    """

    sku: str
    kind: Kind
    visit: int
    length: int
    from_price: Decimal
    to_price: Decimal

    def level(self, visit: int) -> float:
        """How far the event has gone at `visit`: 0 before it, 1 at its height, between the two on the way."""
        passed = visit - self.visit + 1
        if passed <= 0 or (self.kind == "spike" and passed > self.length):
            return 0.0
        return min(1.0, passed / self.length) if self.kind == "shift" else 1.0


def _pounds(amount: float | Decimal) -> Decimal:
    return Decimal(amount).quantize(_PENNY, ROUND_HALF_UP)


@lru_cache(maxsize=4)
def deals(seed: int) -> tuple[Product, ...]:
    """The hundred products of the deals page in the order of the page; the same at every visit."""
    draw = Draw(seed, "deals")
    dear_enough = [product for product in catalogue(seed).products if product.price >= _CHEAPEST]
    chosen: list[Product] = []
    taken: dict[str, int] = {}
    for product in draw.some(dear_enough, len(dear_enough)):
        count = taken.get(product.category.slug, 0)
        if count < _PER_CATEGORY and len(chosen) < DEALS:
            taken[product.category.slug] = count + 1
            chosen.append(product)
    return tuple(chosen)


@lru_cache(maxsize=4)
def base_prices(seed: int) -> dict[str, Decimal]:
    """The price of each deal around which the noise plays: 5 to 30 % below the catalogue's, by SKU."""
    return {
        product.sku: _pounds(float(product.price) * Draw(seed, "base", product.sku).between(0.70, 0.95))
        for product in deals(seed)
    }


def _event(seed: int, kind: Kind, sku: str) -> PlantedEvent:
    draw = Draw(seed, "event", sku)
    start, length, change = draw.whole(QUIET_VISITS + 4, LAST_START), 1, 0.0
    if kind == "drop":
        change = -draw.between(0.08, 0.20)
    elif kind == "spike":
        # Two visits or three: a spike of one would be lost to whoever else looks at the page just then.
        change, length = draw.between(0.12, 0.30), draw.whole(2, 3)
    else:
        # Early, so that the climb and the level it reaches both lie within 120 visits.
        start, length, change = draw.whole(QUIET_VISITS + 4, 85), SHIFT_VISITS, draw.between(0.07, 0.12)
    base = base_prices(seed)[sku]
    return PlantedEvent(sku, kind, start, length, base, _pounds(float(base) * (1 + change)))


@lru_cache(maxsize=4)
def planted(seed: int) -> tuple[PlantedEvent, ...]:
    """Every planted event of a seed, by visit: five drops, three spikes and a slow shift, one a product at most."""
    skus = [product.sku for product in Draw(seed, "planted").some(deals(seed), DROPS + SPIKES + SHIFTS)]
    kinds: list[Kind] = [*["drop"] * DROPS, *["spike"] * SPIKES, *["shift"] * SHIFTS]  # type: ignore[list-item]
    events = [_event(seed, kind, sku) for kind, sku in zip(kinds, skus, strict=True)]
    return tuple(sorted(events, key=lambda event: (event.visit, event.sku)))


@lru_cache(maxsize=4)
def _events_by_sku(seed: int) -> dict[str, PlantedEvent]:
    return {event.sku: event for event in planted(seed)}


def noise(seed: int, sku: str, visit: int) -> float:
    """The noise of one price at one visit, as a part of it: bell-shaped (three dice), within plus or minus `NOISE`."""
    draw = Draw(seed, "noise", sku, visit)
    return NOISE * ((draw.unit() + draw.unit() + draw.unit()) / 1.5 - 1.0)


def price_at(seed: int, sku: str, visit: int) -> Decimal:
    """What the deals page says a product costs at a visit, in pounds; KeyError for a product that is not on it."""
    level = float(base_prices(seed)[sku])
    event = _events_by_sku(seed).get(sku)
    if event is not None:
        level += float(event.to_price - event.from_price) * event.level(visit)
    return _pounds(level * (1 + noise(seed, sku, visit)))
