"""One shop for all tests of the demo: its pages by path, as rendered."""

from collections.abc import Mapping

import pytest

from demo.hits import HitLog
from demo.markup import Page
from demo.pages import render
from demo.prices import DEFAULT_SEED
from demo.shop import shop_application


@pytest.fixture(scope="session")
def seed() -> int:
    return DEFAULT_SEED


@pytest.fixture(scope="session")
def pages(seed: int) -> Mapping[str, Page]:
    return render(seed)


@pytest.fixture
def hit_log() -> HitLog:
    return HitLog()


@pytest.fixture(scope="session")
def shared_application(seed: int) -> object:
    """For tests that only read pages: rendering the shop costs a second."""
    return shop_application(seed, HitLog())
