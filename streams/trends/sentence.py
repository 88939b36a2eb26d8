"""One sentence a person understands without knowing what a series is."""

from datetime import datetime
from typing import Literal

from streams.trends.observations import Alarm

_VERBS = {
    ("spike", "up"): "rose",
    ("spike", "down"): "fell",
    ("shift", "up"): "shifted up",
    ("shift", "down"): "shifted down",
}
_LONGEST_NAME = 80


def describe(
    alarm: Alarm,
    *,
    kind: Literal["spike", "shift"],
    direction: Literal["up", "down"],
    before: float,
    after: float,
    change: float,
    at: datetime,
) -> str:
    """As in: Price of sku-123 in deals fell from 49.90 to 39.90 (−20.0 %) at 2026-11-22 18:00 UTC."""
    one = alarm.observation
    name = one.field.replace("_", " ")
    start, end = _amounts(before, after, one.kind)
    percent = f" ({_percent(change)})" if before else ""
    when = "by" if kind == "shift" else "at"
    return (
        f"{name[:1].upper()}{name[1:]} of {_short(one.record_key)} in {alarm.dataset} {_VERBS[kind, direction]} "
        f"from {start} to {end}{percent} {when} {at:%Y-%m-%d %H:%M} UTC"
    )


def _amounts(before: float, after: float, kind: Literal["price", "number"]) -> tuple[str, str]:
    """Both values with as many decimals as it takes to tell them apart, prices with two at least."""
    for decimals in range(2, 10):
        texts = _amount(before, decimals, kind), _amount(after, decimals, kind)
        if texts[0] != texts[1]:
            return texts
    return _signed(f"{before:g}"), _signed(f"{after:g}")


def _amount(value: float, decimals: int, kind: Literal["price", "number"]) -> str:
    if abs(value) >= 1e15:
        return _signed(f"{value:.{decimals}e}")
    text = f"{value:.{decimals}f}"
    return _signed(text if kind == "price" else text.rstrip("0").rstrip("."))


def _percent(change: float) -> str:
    decimals = 1 if abs(change) >= 0.001 else 4
    return _signed(f"{change * 100:+.{decimals}f} %")


def _signed(text: str) -> str:
    return text.replace("-", "−") if text[:1] in "+-" else text


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"
