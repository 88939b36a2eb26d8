"""Whoever runs Trawl can read of every setting: each variable that the code reads stands in the documentation."""

import re
from pathlib import Path

from infra.settings import Settings

ROOT = Path(__file__).parents[3]
CODE = ("schemas", "producers", "streams", "api", "dashboards", "cli", "infra", "demo", "tests")
_NAME = re.compile(r"\bTRAWL_[A-Z][A-Z0-9_]*[A-Z0-9]\b")


def test_every_setting_is_documented() -> None:
    read = {f"TRAWL_{name.upper()}" for name in Settings.model_fields}
    for room in CODE:
        for file in (ROOT / room).rglob("*.py"):
            read |= set(_NAME.findall(file.read_text()))
    told = "".join(file.read_text() for file in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))
    assert len(read) > 30
    assert sorted(read - set(_NAME.findall(told))) == []
