"""The page about crawling names every option with its default, and every outcome in its class."""

import json
import re
from pathlib import Path

import pytest

from schemas.job import JobDescription, Options
from schemas.outcomes import OUTCOMES

PAGE = (Path(__file__).parents[3] / "docs" / "crawling.md").read_text("utf-8")
ROWS = {name: default for name, default in re.findall(r"^\| `(\w+)` \| (.+?) \|", PAGE, re.MULTILINE)}


@pytest.mark.parametrize("name", Options.model_fields)
def test_an_option_stands_there_with_its_default(name: str) -> None:
    default = Options.model_fields[name].get_default(call_default_factory=True)
    if default is not None:
        assert ROWS[name] == f"`{json.dumps(default)}`"
    else:
        assert ROWS[name] in ("none", "by `max_depth`", "the product's own")


def test_no_option_stands_there_that_is_none() -> None:
    assert ROWS.keys() - Options.model_fields.keys() <= JobDescription.model_fields.keys()


def test_each_outcome_stands_in_its_class() -> None:
    for klass in ("fetched", "filtered", "failed"):
        (told,) = re.findall(rf"^\| {klass} \| (.+?) \|", PAGE, re.MULTILINE)
        wanted = {outcome.name for outcome in OUTCOMES.values() if outcome.klass == klass}
        assert set(re.findall(r"`(\w+)`", told)) == wanted


def test_the_example_is_a_job() -> None:
    (example,) = re.findall(r"```json\n(.+?)```", PAGE, re.DOTALL)
    assert JobDescription.model_validate_json(example).sources
