"""Figures as people read them."""

import pytest

from dashboards import wording


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (0.02, "0.02"),
        (0.42, "0.4"),
        (7.26, "7.3"),
        (56.4, "56"),
        (182.4, "182"),
        (12345, "12,345"),
    ],
)
def test_rates_have_the_figures_that_matter(value: float | None, text: str) -> None:
    assert wording.rate(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(12.0, "12"), (12.5, "12.50"), (1234567.891, "1,234,567.89"), (True, "True"), (None, ""), (["a", 2], "a, 2"),
     ("x" * 90, "x" * 79 + "…")],
)  # fmt: skip
def test_amounts_fit_a_cell(value: object, text: str) -> None:
    assert wording.amount(value) == text


@pytest.mark.parametrize(("value", "text"), [(-0.2, "−20 %"), (0.345, "+34 %"), (-0.034, "−3.4 %"), (0.0, "+0.0 %")])
def test_changes_carry_a_sign(value: float, text: str) -> None:
    assert wording.percent(value) == text


@pytest.mark.parametrize(("value", "text"), [(8.4, "8 s"), (125, "2 min 05 s"), (11520, "3 h 12 min"), (-3, "0 s")])
def test_durations(value: float, text: str) -> None:
    assert wording.duration(value) == text


def test_milliseconds_become_seconds() -> None:
    assert (wording.milliseconds(87.4), wording.milliseconds(1400)) == ("87 ms", "1.4 s")


def test_only_addresses_of_the_web_are_linked() -> None:
    assert wording.web_link("https://example.org/") == "https://example.org/"
    assert wording.web_link("javascript:alert(1)") == "#"


def test_a_spark_fills_its_box() -> None:
    assert wording.spark((0.0, 5.0, 10.0), 100, 20) == "0.0,19.0 50.0,10.0 100.0,1.0"
    assert wording.spark((0.0, 0.0), 100, 20) == "0.0,19.0 100.0,19.0"


def test_every_template_compiles_and_every_static_file_has_its_address() -> None:
    environment = wording.templates()
    for name in environment.list_templates():
        environment.get_template(name)
    assert wording.look("page.js").startswith("/look/page.js?v=")
    assert wording.bokeh_url().startswith("/static/js/bokeh.min.js?v=")
