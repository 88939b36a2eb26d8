"""What every test has: engines that start once a worker when a test first asks, and unhurried hypothesis."""

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.engines"]

# Two shared cores: how long one example takes says nothing about the code under test.
settings.register_profile("trawl", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("trawl")

_LONGEST_FIRST = ("system", "engines")
_SYSTEMS = ("system", "open_system")
_WHOLE_S = 600
"""Bounds a test of a whole system, which starts beside another one, after a download on a new machine."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What needs the same engines stays together; where several workers share the tests, the long groups begin."""
    groups = {item: _group(item) for item in items}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
        if config.getoption("loadgroup", default=False):
            # xdist 3.8 keeps together whose ids end in the same @group, and writes it where pytest 9.2 no longer reads.
            # Without this line every worker starts every system, and ends it between two tests that need it.
            item._id = type(item.id).parse(f"{item.nodeid}@{group}")
            assert item.nodeid.endswith(f"@{group}"), "pytest keeps ids elsewhere now"
        if _kind(item) == "acceptance" and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_WHOLE_S))
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _place(groups[item]))
    else:
        items.sort(key=lambda item: groups[item] == "system")


def _kind(item: pytest.Item) -> str:
    return item.path.relative_to(item.config.rootpath).parts[1]


def _group(item: pytest.Item) -> str:
    fixtures = getattr(item, "fixturenames", ())
    if _kind(item) == "acceptance":
        return next((name for name in _SYSTEMS if name in fixtures), item.path.stem)
    return "engines" if "engines" in fixtures else str(item.path)


def _place(group: str) -> int:
    return _LONGEST_FIRST.index(group) if group in _LONGEST_FIRST else len(_LONGEST_FIRST)


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Whole systems end with the last test that needs them: idle ones would slow all others down."""
    group = _group(item)
    if group in _SYSTEMS and (nextitem is None or _group(nextitem) != group):
        system = item.funcargs.get(group)  # type: ignore[attr-defined]
        if system is not None:  # it came up
            system.end()
