"""The locks: every package by version and hash, no address of any package host, the small one within the large one."""

import re

import pytest

from tests.unit.repository.tree import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")


def pinned(lock: str) -> dict[str, str]:
    """Version by package."""
    found = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", (ROOT / lock).read_text(), re.MULTILINE)
    return dict(found)


@pytest.mark.parametrize("lock", LOCKS)
def test_each_package_has_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    bare = [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry]
    assert entries
    assert bare == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_address_and_no_option_that_names_one(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*-(-index|-extra|-find|i\b|f\b)", text, re.MULTILINE)


def test_running_needs_nothing_that_testing_does_not_have() -> None:
    runtime, everything = pinned("requirements.lock"), pinned("requirements-dev.lock")
    assert {name: version for name, version in runtime.items() if everything.get(name) != version} == {}
    assert "pytest" not in runtime
    assert "hatchling" in runtime
