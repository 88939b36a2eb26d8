"""One sentence a person understands without knowing what a series is."""

from datetime import datetime
from typing import Literal

from streams.trends.observations import Finding

_VERBS = {
    ("spike", "up"): "rose",
    ("spike", "down"): "fell",
    ("shift", "up"): "shifted up",
    ("shift", "down"): "shifted down",
}
_SLOW = {"up": "rising", "down": "falling"}
_LONGEST_NAME = 80


def describe(finding: Finding, *, change: float, at: datetime) -> str:
    """As in: Price of sku-123 in deals fell from 49.90 to 39.90 (−20.0 %) at 2026-11-22 18:00 UTC."""
    start, end = _amounts(finding.before, finding.after, finding.observation.kind)
    moved = f"from {start} to {end}" + (f" ({_percent(change)})" if finding.before else "")
    when = f"{at:%Y-%m-%d %H:%M} UTC"
    name, ended = _name(finding), bool(finding.closes)
    if finding.detector == "change_point":
        return f"{name} changed its level {moved}, seen over days until {when}"
    if finding.detector == "slow_trend":
        going = _SLOW[finding.direction]
        return f"{name} {'is no longer' if ended else 'has been'} {going} slowly, {moved} by {when}"
    if finding.detector == "drift":
        pages = f"pages {_short(finding.observation.record_key)} in {finding.dataset}"
        verb = "came back" if ended else "changed"
        return f"{finding.words} on {pages} {verb} {moved} by {when}: was the site redesigned?"
    if finding.detector == "term":
        more = f"is no longer spoken of by many in {finding.dataset}: {end} sources after {start}"
        many = f"is spoken of by {end} sources at once in {finding.dataset}, {start} were usual"
        return f"“{_short(finding.observation.record_key)}” {more if ended else many}, at {when}"
    if finding.detector == "rule":
        return f"{name} {finding.words} at {when}"
    if ended:
        return f"{name} is back, {moved} at {when}"
    verb = _VERBS[finding.kind, finding.direction]
    return f"{name} {verb} {moved} {'by' if finding.kind == 'shift' else 'at'} {when}"


def _name(finding: Finding) -> str:
    """Price of sku-123 in deals; what is about the dataset as a whole has no key, what is about a record no field."""
    one = finding.observation
    name = one.field.replace("_", " ")
    of = f" of {_short(one.record_key)}" if one.record_key else ""
    text = f"{name}{of}" if name else _short(one.record_key)
    return f"{text[:1].upper() if name else text[:1]}{text[1:]} in {finding.dataset}"


def amount(value: float, kind: Literal["price", "number"]) -> str:
    """One value as people write it, with two decimals at most where they tell it."""
    return _amount(value, 2, kind)


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
