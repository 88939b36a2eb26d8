"""Retry-After in every form that servers send."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from producers.politeness.retry_after import MAX_WAIT, retry_after

FORMS = yaml.safe_load((Path(__file__).parent / "data" / "retry_after.yaml").read_text())
NOW = datetime(1994, 11, 6, 8, 49, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("99999999999999999999999", MAX_WAIT),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 37.0),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 37.0),
        ("Sun Nov  6 08:49:37 1994", 37.0),
        ("Sun, 06 Nov 1994 09:49:37 +0100", 37.0),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_WAIT),
        ("-5", None),
        ("+5", None),
        ("", None),
        (None, None),
        ("soon", None),
        ("12 minutes", None),
        ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ("1e9", None),
        ("\x00", None),
        ("١٢", None),
    ],
)
def test_forms(value: str | None, expected: float | None) -> None:
    assert retry_after(value, NOW) == expected


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form['section']}: {form['value']}")
def test_the_forms_of_the_standard(form: dict[str, Any]) -> None:
    assert retry_after(form["value"], datetime.fromisoformat(form["at"]).timestamp()) == form["wait"]


def test_the_bound_is_the_callers() -> None:
    assert retry_after("500", NOW, max_wait=60.0) == 60.0
