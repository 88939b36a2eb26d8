"""What every test has: engines that start once a worker when a test first asks, and unhurried hypothesis."""

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.engines"]

# Two shared cores: how long one example takes says nothing about the code under test.
settings.register_profile("trawl", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("trawl")

_LONGEST_FIRST = ("system", "engines")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several workers share the tests, what needs the same engines stays together, and the long groups begin."""
    if not config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        return
    groups = {item: _group(item) for item in items}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: _place(groups[item]))


def _group(item: pytest.Item) -> str:
    kind = item.path.relative_to(item.config.rootpath).parts[1]
    fixtures = getattr(item, "fixturenames", ())
    if kind == "acceptance":
        return "system" if "system" in fixtures else item.path.stem
    return "engines" if "engines" in fixtures else str(item.path)


def _place(group: str) -> int:
    return _LONGEST_FIRST.index(group) if group in _LONGEST_FIRST else len(_LONGEST_FIRST)
