"""The page about notifications: its examples are true, and its verification believes us and nobody else."""

import re
import time
from pathlib import Path
from typing import Any

import pytest

from schemas.job import JobDescription
from schemas.webhooks import new_secret, signed_headers
from streams.notifications.pauses import WEBHOOK_PAUSES_S

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "notifications.md").read_text("utf-8")


@pytest.fixture(scope="module")
def verify() -> Any:
    (code,) = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    return names["verify"]


def test_the_verification_of_the_page(verify: Any) -> None:
    old, new, body, now = new_secret(), new_secret(), b'{"type":"ping"}', int(time.time())
    headers = dict(signed_headers([new, old], "7d3c1f52", now, body))
    assert verify(old, headers, body) and verify(new, headers, body)
    assert not verify(new_secret(), headers, body)
    assert not verify(new, headers, body + b" ")
    assert not verify(new, headers | {"webhook-id": "another"}, body)
    assert not verify(new, headers | {"webhook-timestamp": str(now - 1)}, body)
    assert not verify(new, dict(signed_headers([new], "7d3c1f52", now - 3600, body)), body), "replayed an hour later"


@pytest.mark.parametrize("page", ["notifications.md", "schedules.md"])
def test_the_jobs_of_the_pages_are_jobs(page: str) -> None:
    (example,) = re.findall(r"```json\n(.+?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)
    job = JobDescription.model_validate_json(example)
    assert job.schedule is not None or job.notifications.on_failure


def test_the_pauses_of_the_page_are_those_of_the_sender() -> None:
    assert list(WEBHOOK_PAUSES_S) == [5, 60, 600, 3600, 3 * 3600, 10 * 3600, 24 * 3600]
    assert "5 s, 1 min, 10 min, 1 h, 3 h, 10 h and 24 h" in " ".join(PAGE.split())
