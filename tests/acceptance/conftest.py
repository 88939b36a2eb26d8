"""One site and one `trawl up` for all acceptance tests that do not break the supervisor itself."""

from collections.abc import Iterator

import pytest

from tests.acceptance.system import Site, System, shop


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with shop(tmp_path_factory.mktemp("site")) as served:
        yield served


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory, site: Site) -> Iterator[System]:
    found = System(tmp_path_factory.mktemp("system") / "data", site.host)
    found.start()
    yield found
    found.stop()
    found.remove()
