"""What the command line hands to the processes fits what they ask for."""

import re
from importlib import import_module
from importlib.util import find_spec
from inspect import iscoroutinefunction

import pytest

from cli.processes import PROCESSES, Process, specifications
from cli.provision import GENERATED
from tests.unit.repository.tree import code, relative


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_each_process_has_a_composition_root(process: Process) -> None:
    assert find_spec(process.module)
    assert iscoroutinefunction(import_module(process.module).serve)


def test_each_secret_that_a_process_reads_is_generated() -> None:
    asked = {
        name
        for path in code()
        if relative(path).endswith("main.py")
        for name in re.findall(r'settings\.secret\("(\w+)"\)', path.read_text())
    }
    assert asked == set(GENERATED)


def test_up_starts_every_process_and_as_many_fetchers_as_wished() -> None:
    found = {specification.name: specification for specification in specifications(fetchers=3)}
    assert set(found) == {process.name for process in PROCESSES}
    assert found["fetch"].instances() == ["fetch-1", "fetch-2", "fetch-3"]
    assert found["gateway"].argv[-3:] == ("-m", "cli", "gateway")
