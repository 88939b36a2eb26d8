"""What docs/trends.md shows is what happens."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec

from schemas.events import Trend
from schemas.events.marks import Mark
from schemas.events.trends import Detector, TrendRules
from schemas.job import JobDescription
from schemas.job.trends import Trends
from tests.unit.trends.stories import told
from tests.unit.trends.test_watch import quiet

PAGE = (Path(__file__).parents[3] / "docs" / "trends.md").read_text("utf-8")


def example(name: str) -> Any:
    found = re.search(rf"<!-- example: {name} -->\n```json\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_the_trend_on_the_page_is_told_of_that_story() -> None:
    usual = [49.9 + index % 3 / 100 for index in range(120)]
    (trend,) = told(quiet([*usual, 39.9]))
    shown = msgspec.to_builtins(trend)
    assert {name: shown[name] for name in example("trend")} == example("trend")


def test_the_job_on_the_page_is_one() -> None:
    rules = JobDescription.model_validate(example("trends_job")).trends.as_rules()
    assert rules is not None
    assert rules.memory
    assert [(one.when, one.than, one.times) for one in rules.rules] == [
        ("below", 45, 2),
        ("change", 0.05, 1),
        ("gone", 0, 1),
    ]
    assert msgspec.json.decode(msgspec.json.encode(rules), type=TrendRules) == rules


def test_everything_that_can_be_said_is_on_the_page() -> None:
    described = set(re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE))
    assert set(Trends.model_fields) <= described
    assert set(Detector.__args__) <= described  # type: ignore[attr-defined]
    assert set(Mark.__annotations__["state"].__args__) <= described
    assert {"phase", "closes", "values", "score", "confidence"} <= set(Trend.__struct_fields__)
