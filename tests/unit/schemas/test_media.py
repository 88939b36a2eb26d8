"""Which media types a job wants."""

import pytest

from schemas.media import unwanted


@pytest.mark.parametrize("wanted", [(), ("text/html",), ("text/*",), ["image/png", "text/html"]])
def test_a_type_is_wanted_by_its_name_by_its_kind_and_by_who_does_not_say(wanted: list[str]) -> None:
    assert unwanted([("content-TYPE", " Text/HTML; charset=utf-8")], wanted) == ""


@pytest.mark.parametrize("headers", [[], [("content-type", "")], [("content-type", "; charset=utf-8")]])
def test_who_does_not_say_may_be_anything(headers: list[tuple[str, str]]) -> None:
    assert unwanted(headers, ["image/png"]) == ""


@pytest.mark.parametrize("wanted", [["image/*"], ["text/plain", "image/png"], ["text/"]])
def test_any_other_is_refused_in_one_sentence(wanted: list[str]) -> None:
    reason = f"The page is text/html; the job wants {', '.join(wanted)}."
    assert unwanted([("Content-Type", "text/html"), ("Content-Type", "image/png")], wanted) == reason
