""".ci/run as it runs, with stubs for everything that it calls: what fails must fail the run."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.repository.tree import ROOT

STEPS = ["make check", "make test", "make demo ONCE=1"]
STUBS = {
    "make": 'echo "make $*" >> "$STEPS_DONE"; [ "make $*" != "$FAILING" ]',
    "dpkg-query": 'for last; do :; done; echo "$last" >> "$ASKED_FOR"; [ -z "$MISSING" ] && echo install ok installed',
    "apt-get": 'echo "apt-get $*" >> "$STEPS_DONE"; [ "$1" != "$FAILING" ]',
    "id": "echo 0",
    "sleep": "exit 0",
}


@dataclass
class Ci:
    """The script beside its stubs."""

    folder: Path

    def run(self, failing: str = "", missing: str = "") -> int:
        environ = {"PATH": f"{self.folder}:{os.defpath}", "FAILING": failing, "MISSING": missing,
                   "STEPS_DONE": str(self.folder / "done"), "ASKED_FOR": str(self.folder / "asked")}  # fmt: skip
        command = ["bash", str(ROOT / ".ci" / "run")]
        return subprocess.run(command, env=environ, capture_output=True, timeout=120, check=False).returncode

    def done(self) -> list[str]:
        return (self.folder / "done").read_text().splitlines()


@pytest.fixture
def ci(tmp_path: Path) -> Ci:
    for name, script in STUBS.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    return Ci(tmp_path)


def test_all_steps_are_done_in_order(ci: Ci) -> None:
    assert ci.run() == 0
    assert ci.done() == STEPS
    assert {"make", "git", "curl", "chromium"} <= set((ci.folder / "asked").read_text().split())


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_fails_the_run_at_once(ci: Ci, step: str) -> None:
    assert ci.run(failing=step) != 0
    assert ci.done() == STEPS[: STEPS.index(step) + 1], "it is not tried again, and nothing comes after it"


def test_what_is_missing_is_installed_before_anything_else(ci: Ci) -> None:
    assert ci.run(missing="yes") == 0
    update, install, *steps = ci.done()
    assert update.startswith("apt-get update") and "curl" in install.split() and steps == STEPS


def test_what_cannot_be_installed_fails_the_run(ci: Ci) -> None:
    assert ci.run(missing="yes", failing="install") != 0
    assert [step for step in ci.done() if step.startswith("make")] == []
