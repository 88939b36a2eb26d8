"""Published cases of URLs; each file names its source, and where and why the one spelling here is another."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.hosts import UrlError
from schemas.urls import canonical

FILES = ["urls-rfc3986.json", "urls-whatwg.json", "urls-w3lib.json"]


def cases(name: str) -> list[Any]:
    found: list[Any] = json.loads((Path(__file__).parent / "cases" / name).read_text())["cases"]
    return found


@pytest.mark.parametrize(("reference", "base", "expected"), [case for name in FILES for case in cases(name)])
def test_published_cases(reference: str, base: str | None, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(UrlError):
            canonical(reference, base)
        return
    assert canonical(reference, base) == expected
    assert canonical(expected) == expected
