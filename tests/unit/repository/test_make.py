"""What people type: make's targets, and the environment that they lay."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import environment
from tests.unit.repository.tree import ROOT


def make(*words: str) -> str:
    """What make says, or would do."""
    done = subprocess.run(["make", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def test_make_alone_lists_every_target() -> None:
    listed = set(re.findall(r"^  make (\w+)", make(), re.MULTILINE))
    declared = set(re.findall(r"^(\w+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert listed == declared
    assert {"demo", "up", "test", "check", "bench", "setup", "lock"} <= listed


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("demo",), r"bin/trawl demo\s*$"),
        (("demo", "ONCE=1"), r"bin/trawl demo --once\s*$"),
        (("demo", "ONCE=0"), r"bin/trawl demo\s*$"),
        (("demo", "ONCE=1", "SEED=3"), r"bin/trawl demo --once --seed 3$"),
        (("up",), r"bin/trawl up$"),
    ],
)
def test_make_runs_the_command(words: tuple[str, ...], command: str) -> None:
    assert re.search(command, make("--dry-run", *words), re.MULTILINE)


@pytest.mark.parametrize("part", ["ruff format --check", "ruff check", "mypy --strict", "lint-imports"])
def test_check_checks_all_of_it(part: str) -> None:
    assert part in make("--dry-run", "check")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with locks and metadata, and an environment without anything in it."""
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "venv").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def stamp(lock: str) -> None:
    """As after a set-up."""
    Path(environment.stamp_of("venv", lock)).write_text(environment.fingerprint(lock))


def test_an_environment_is_laid_once(project: Path) -> None:
    assert not environment.is_laid("venv", "requirements.lock")
    stamp("requirements.lock")
    assert environment.is_laid("venv", "requirements.lock")
    assert not environment.is_laid("venv", "requirements-dev.lock")


def test_the_large_environment_serves_for_the_small_one(project: Path) -> None:
    stamp("requirements-dev.lock")
    assert environment.is_laid("venv", "requirements.lock")


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml"])
def test_a_change_lays_it_again(project: Path, changed: str) -> None:
    stamp("requirements.lock")
    with (project / changed).open("a") as file:
        file.write("\n# another line\n")
    assert not environment.is_laid("venv", "requirements.lock")


def test_uv_comes_by_hash_out_of_the_lock(project: Path) -> None:
    lines = environment.entry("requirements-dev.lock", "uv").splitlines()
    assert re.fullmatch(r"uv==[\d.]+ \\", lines[0])
    assert all(line.strip().startswith("--hash=sha256:") for line in lines[1:])
    assert len(lines) > 5


def test_an_old_python_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(
        SystemExit, match=r"needs Python 3\.11 or newer, and .* is 3\.9\. Name another one: make PYTHON="
    ):
        environment.check_python()


def test_a_python_without_venv_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit, match=r"apt-get install python3\.\d+-venv"):
        environment.check_python()
