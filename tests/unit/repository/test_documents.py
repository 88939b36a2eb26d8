"""Documents say what is: links lead somewhere, commands exist, every decision is in the list."""

import re
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from cli.main import app
from tests.unit.repository.tree import ROOT, files, relative

PAGES = [path for path in files() if path.suffix == ".md"]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|mailto:|#)([^)#\s]+)", page.read_text())
    dead = [link for link in links if not (page.parent / link).exists()]
    assert dead == []


def test_every_decision_is_listed_and_has_its_parts() -> None:
    listed = re.findall(r"\]\((\d\d-[\w-]+\.md)\)", (ROOT / "docs" / "decisions" / "README.md").read_text())
    assert listed == [page.name for page in DECISIONS]
    for page in DECISIONS:
        assert "**Price.**" in page.read_text(), page.name


def test_the_readme_names_commands_that_exist() -> None:
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"\btrawl ([a-z]+)\b", (ROOT / "README.md").read_text()))
    assert named - known <= {"under"}


def test_the_readme_names_targets_that_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md"):
        assert set(re.findall(r"`?make ([a-z]+)\b", (ROOT / page).read_text())) - targets <= {"alone"}


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert len(text.splitlines()) > 200


def test_pre_commit_runs_what_check_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    entries = " ".join(hook["entry"] for hook in hooks)
    assert all(tool in entries for tool in ("ruff format", "ruff check", "mypy --strict", "lint-imports"))
